# The QGNN on noisy devices, its qubits, and the way to hardware. Only for studies whose config has the key `noise`.


rule describe_devices:
    output:
        f"{PREFIX}/noise/devices.csv",
    log:
        f"{PREFIX}/logs/describe_devices.log",
    benchmark:
        f"{PREFIX}/benchmarks/describe_devices.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1750,
        runtime=5,
    params:
        noise_models={name: STUDY.noise_models[name] for name in NOISE_NAMES},
        circuit=STUDY.runs[NOISE["run"]].architecture["circuit"],
        entangling_layers=STUDY.runs[NOISE["run"]].architecture["entangling_layers"],
    message:
        "Choosing each device's qubits"
    script:
        "../../scripts/describe_devices.py"


rule count_resources:
    output:
        f"{PREFIX}/noise/resources.csv",
    log:
        f"{PREFIX}/logs/count_resources.log",
    benchmark:
        f"{PREFIX}/benchmarks/count_resources.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1750,
        runtime=5,
    params:
        ks=NOISE["resources"]["k"],
        device=NOISE["resources"]["device"],
    message:
        "Counting qubits, gates and depth of stars"
    script:
        "../../scripts/count_resources.py"


rule plot_resources:
    input:
        rules.count_resources.output,
    output:
        pdf=f"{FIGURES}/resources.pdf",
        png=report(
            f"{FIGURES}/resources.png",
            caption="../report/resources.rst",
            category="Figures",
            labels={"figure": "resources", "claims": "C9, C10"},
        ),
        csv=f"{FIGURES}/resources.csv",
    log:
        f"{PREFIX}/logs/plot_resources.log",
    benchmark:
        f"{PREFIX}/benchmarks/plot_resources.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1750,
        runtime=5,
    message:
        "Plotting qubits, gates and depth of stars"
    script:
        "../../scripts/plot_resources.py"


rule evaluate_noise:
    input:
        weights=noise_weights,
        evaluation=f"{PREFIX}/channels/{NOISE_SCENARIO}/evaluation.nc",
        test=f"{PREFIX}/channels/{NOISE_SCENARIO}/test.nc",
    output:
        exact=f"{PREFIX}/noise/{{noise}}/exact.csv",
        shots=f"{PREFIX}/noise/{{noise}}/shots.csv",
    log:
        f"{PREFIX}/logs/evaluate_noise/{{noise}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/evaluate_noise/{{noise}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: config["torch"]["threads"]
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        noise=lambda wildcards: STUDY.noise_models[wildcards.noise],
        runs=noise_settings,
        shots=NOISE["shots"],
    message:
        "Evaluating the QGNN under {wildcards.noise}"
    script:
        "../../scripts/evaluate_noise.py"


rule check_aer:
    input:
        weights=f"{PREFIX}/training/{NOISE['run']}/weights.safetensors",
        channels=f"{PREFIX}/channels/{NOISE_SCENARIO}/test.nc",
    output:
        f"{PREFIX}/noise/{{noise}}/aer.csv",
    log:
        f"{PREFIX}/logs/check_aer/{{noise}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/check_aer/{{noise}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=15,
    params:
        noise=lambda wildcards: STUDY.noise_models[wildcards.noise],
        run=STUDY.runs[NOISE["run"]].as_dict(),
        subset=dict(NOISE["aer"]),
    message:
        "Running Aer with real shots under {wildcards.noise}"
    script:
        "../../scripts/check_aer.py"


rule tabulate_noise:
    input:
        exact=noise_files("{noise}/exact.csv", NOISE_NAMES),
        shots=noise_files("{noise}/shots.csv", NOISE["devices"]),
        solvers=expand(
            f"{PREFIX}/solvers/{NOISE_SCENARIO}/{{split}}.nc",
            split=["test", "evaluation"],
        ),
        devices=rules.describe_devices.output[0],
    output:
        summary=f"{PREFIX}/noise/summary.csv",
        shots=f"{PREFIX}/noise/shots.csv",
        markdown=f"{PREFIX}/noise/summary.md",
        html=report(
            f"{PREFIX}/noise/summary.html",
            caption="../report/noise_table.rst",
            category="Tables",
            labels={"table": "noise"},
        ),
    log:
        f"{PREFIX}/logs/tabulate_noise.log",
    benchmark:
        f"{PREFIX}/benchmarks/tabulate_noise.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    message:
        "Summarizing the noise study"
    script:
        "../../scripts/tabulate_noise.py"


rule plot_noise:
    input:
        summary=rules.tabulate_noise.output.summary,
    output:
        pdf=f"{FIGURES}/noise.pdf",
        png=report(
            f"{FIGURES}/noise.png",
            caption="../report/noise.rst",
            category="Figures",
            labels={"figure": "noise", "claims": "C10"},
        ),
        csv=f"{FIGURES}/noise.csv",
    log:
        f"{PREFIX}/logs/plot_noise.log",
    benchmark:
        f"{PREFIX}/benchmarks/plot_noise.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1750,
        runtime=5,
    params:
        devices=NOISE["devices"],
        levels={
            name: STUDY.noise_models[name]["depolarizing"] for name in NOISE["levels"]
        },
    message:
        "Plotting the sum rate by device"
    script:
        "../../scripts/plot_noise.py"


rule plot_shots:
    input:
        summary=rules.tabulate_noise.output.shots,
        aer=noise_files("{noise}/aer.csv", NOISE["devices"]),
    output:
        pdf=f"{FIGURES}/shots.pdf",
        png=report(
            f"{FIGURES}/shots.png",
            caption="../report/shots.rst",
            category="Figures",
            labels={"figure": "shots", "claims": "C10"},
        ),
        csv=f"{FIGURES}/shots.csv",
        aer=f"{FIGURES}/shots_aer.csv",
    log:
        f"{PREFIX}/logs/plot_shots.log",
    benchmark:
        f"{PREFIX}/benchmarks/plot_shots.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1750,
        runtime=5,
    params:
        devices=NOISE["devices"],
    message:
        "Plotting the sum rate against shots"
    script:
        "../../scripts/plot_shots.py"


rule run_hardware:
    input:
        weights=f"{PREFIX}/training/{NOISE['run']}/weights.safetensors",
        channels=f"{PREFIX}/channels/{NOISE_SCENARIO}/test.nc",
    output:
        f"{PREFIX}/hardware/{NOISE['hardware']['backend']}.csv",
    log:
        f"{PREFIX}/logs/run_hardware.log",
    benchmark:
        f"{PREFIX}/benchmarks/run_hardware.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2250,
        runtime=120,
    params:
        run=STUDY.runs[NOISE["run"]].as_dict(),
        settings=dict(NOISE["hardware"]),
    message:
        "Measuring stars through Qiskit Runtime"
    script:
        "../../scripts/run_hardware.py"


rule noise:
    input:
        figure_files(["noise"]),


rule shots:
    input:
        figure_files(["shots"]),


rule resources:
    input:
        figure_files(["resources"]),


rule hardware:
    input:
        rules.run_hardware.output,
