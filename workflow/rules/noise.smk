# The QGNN on noisy devices, and the way to hardware. A study without a noise study asks for none of these.
NOISE = STUDY.config.noise


rule describe_devices:
    output:
        STUDY.file("noise", "devices.csv"),
    log:
        STUDY.file("logs", "describe_devices.log"),
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: [
            f"{name}: {STUDY.noise_models[name].text}" for name in NOISE.names
        ],
        run=lambda wildcards: STUDY.runs[NOISE.run].text,
        code=code("describe_devices", []),
    message:
        "Choosing each device's qubits"
    script:
        "../../scripts/describe_devices.py"


rule count_resources:
    output:
        STUDY.file("noise", "resources.csv"),
    log:
        STUDY.file("logs", "count_resources.log"),
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: NOISE.resources.text,
        code=code("count_resources", []),
    message:
        "Counting qubits, gates and depth of stars"
    script:
        "../../scripts/count_resources.py"


# A rule per group of noise models, as for trainings.
for number, members in enumerate(STUDY.noise_groups, start=1):

    rule:
        name:
            f"evaluate_noise_{number}"
        input:
            unique(STUDY.noise_inputs(noise) for noise in members),
        output:
            [file for noise in members for file in STUDY.noise_files(noise)],
        log:
            [STUDY.file("logs", f"evaluate_noise/{noise}.log") for noise in members],
        conda:
            CONDA
        threads: STUDY.config.torch.threads
        resources:
            **needed("evaluate_noise"),
        params:
            settings={noise: STUDY.noise_text(noise) for noise in members},
            code=code("evaluate_noise", architectures(NOISE.run)),
        message:
            f"Evaluating the QGNN under {', '.join(members)}"
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
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: STUDY.noise_text(wildcards.noise),
        code=lambda wildcards: code("check_aer", architectures(NOISE.run)),
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
    conda:
        CONDA
    threads: 1
    params:
        code=code("tabulate_noise"),
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
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: NOISE.hardware.text,
        code=lambda wildcards: code("run_hardware", architectures(NOISE.run)),
    message:
        "Measuring stars through Qiskit Runtime"
    script:
        "../../scripts/run_hardware.py"


rule hardware:
    input:
        rules.run_hardware.output,
