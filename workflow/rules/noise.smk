# The QGNN on noisy devices, and the way to hardware. A study without a noise study asks for none of these.
NOISE = STUDY.config.noise


rule describe_devices:
    output:
        STUDY.file("noise", "devices.csv"),
    log:
        STUDY.file("logs", "describe_devices.log"),
    benchmark:
        STUDY.file("benchmarks", "describe_devices.tsv")
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: [
            f"{name}: {STUDY.noise_models[name].text}" for name in NOISE.names
        ],
        run=lambda wildcards: STUDY.runs[NOISE.run].text,
    message:
        "Choosing each device's qubits"
    script:
        "../../scripts/describe_devices.py"


rule count_resources:
    output:
        STUDY.file("noise", "resources.csv"),
    log:
        STUDY.file("logs", "count_resources.log"),
    benchmark:
        STUDY.file("benchmarks", "count_resources.tsv")
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: NOISE.resources.text,
    message:
        "Counting qubits, gates and depth of stars"
    script:
        "../../scripts/count_resources.py"


rule evaluate_noise:
    input:
        weights=lambda wildcards: [
            STUDY.trained(run, "weights.safetensors")
            for run in STUDY.noise_runs(wildcards.noise).values()
        ],
        evaluation=lambda wildcards: STUDY.noise_channels("evaluation"),
        test=lambda wildcards: STUDY.noise_channels("test"),
    output:
        exact=STUDY.file("noise", "{noise}", "exact.csv"),
        shots=STUDY.file("noise", "{noise}", "shots.csv"),
    log:
        STUDY.file("logs", "evaluate_noise/{noise}.log"),
    benchmark:
        STUDY.file("benchmarks", "evaluate_noise/{noise}.tsv")
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    params:
        settings=lambda wildcards: STUDY.noise_text(wildcards.noise),
    message:
        "Evaluating the QGNN under {wildcards.noise}"
    script:
        "../../scripts/evaluate_noise.py"


rule check_aer:
    input:
        weights=lambda wildcards: STUDY.trained(NOISE.run, "weights.safetensors"),
        channels=lambda wildcards: STUDY.noise_channels("test"),
    output:
        STUDY.file("noise", "{noise}", "aer.csv"),
    log:
        STUDY.file("logs", "check_aer/{noise}.log"),
    benchmark:
        STUDY.file("benchmarks", "check_aer/{noise}.tsv")
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: STUDY.noise_text(wildcards.noise),
    message:
        "Running Aer with real shots under {wildcards.noise}"
    script:
        "../../scripts/check_aer.py"


rule tabulate_noise:
    input:
        exact=lambda wildcards: [
            STUDY.file("noise", noise, "exact.csv") for noise in NOISE.names
        ],
        shots=lambda wildcards: [
            STUDY.file("noise", noise, "shots.csv") for noise in NOISE.devices
        ],
        solvers=lambda wildcards: [
            STUDY.solved(STUDY.runs[NOISE.run].scenario, f"{split}.nc")
            for split in ("test", "evaluation")
        ],
        devices=rules.describe_devices.output[0],
    output:
        summary=STUDY.file("noise", "summary.csv"),
        shots=STUDY.file("noise", "shots.csv"),
        markdown=STUDY.file("noise", "summary.md"),
        html=report(
            STUDY.file("noise", "summary.html"),
            caption="../report/noise_table.rst",
            category="Tables",
            labels={"table": "noise"},
        ),
    log:
        STUDY.file("logs", "tabulate_noise.log"),
    benchmark:
        STUDY.file("benchmarks", "tabulate_noise.tsv")
    conda:
        CONDA
    threads: 1
    message:
        "Summarizing the noise study"
    script:
        "../../scripts/tabulate_noise.py"


rule run_hardware:
    input:
        weights=lambda wildcards: STUDY.trained(NOISE.run, "weights.safetensors"),
        channels=lambda wildcards: STUDY.noise_channels("test"),
    output:
        STUDY.file("hardware", f"{NOISE.hardware.backend if NOISE else None}.csv"),
    log:
        STUDY.file("logs", "run_hardware.log"),
    benchmark:
        STUDY.file("benchmarks", "run_hardware.tsv")
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: NOISE.hardware.text,
    message:
        "Measuring stars through Qiskit Runtime"
    script:
        "../../scripts/run_hardware.py"


rule hardware:
    input:
        rules.run_hardware.output,
