# Numba compiles the kernels when they are first called; jobs that start side by side would all do it. It is no matter of
# results, so there is no hash of code: where this job must run, Snakemake asks no job after it, for which its output is
# ancient, whether its own parameters have changed.
rule compile_kernels:
    output:
        STUDY.file("compiled.json"),
    log:
        STUDY.file("logs", "compile_kernels.log"),
    conda:
        CONDA
    threads: 1
    message:
        "Compiling the models' kernels"
    script:
        "../../scripts/compile_kernels.py"


# A rule per group of runs, trained by one process: to load PyTorch and PennyLane takes longer than a short training.
for group, members in STUDY.groups.items():

    rule:
        name:
            f"train_{group}"
        input:
            channels=unique(STUDY.trained_from(run) for run in members),
            compiled=ancient(rules.compile_kernels.output[0]),
        output:
            [file for run in members for file in STUDY.trained_files(run)],
        log:
            [STUDY.file("logs", f"train_model/{run}.log") for run in members],
        conda:
            CONDA
        threads: STUDY.config.torch.threads
        resources:
            **needed("train_model"),
        params:
            settings=lambda wildcards, members=members: {
                run: trained_as(run, STUDY.trainable(run)) for run in members
            },
            code=code("train_model", architectures(*members)),
        message:
            f"Training all seeds of {', '.join(members)}"
        script:
            "../../scripts/train_model.py"


rule tune_model:
    input:
        channels=lambda wildcards: STUDY.run_channels(wildcards.run, "validation"),
        compiled=ancient(rules.compile_kernels.output[0]),
    output:
        STUDY.file("tuning", "{run}.csv"),
    log:
        STUDY.file("logs", "tune_model/{run}.log"),
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    params:
        settings=lambda wildcards: trained_as(
            wildcards.run, search.untuned(STUDY.runs[wildcards.run])
        ),
        code=lambda wildcards: code("tune_model", architectures(wildcards.run)),
        tuning=SEARCH.tuning.model_dump_json(),
    message:
        "Searching learning rate, batch size and epochs of {wildcards.run} on the validation split"
    script:
        "../../scripts/tune_model.py"


rule try_choices:
    input:
        channels=lambda wildcards: STUDY.run_channels(wildcards.run, "validation"),
        compiled=ancient(rules.compile_kernels.output[0]),
    output:
        STUDY.file("choices", "{run}.csv"),
    log:
        STUDY.file("logs", "try_choices/{run}.log"),
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    params:
        settings=lambda wildcards: trained_as(
            wildcards.run,
            STUDY.runs[wildcards.run].changed(
                SEARCH.choices.runs[wildcards.run].start
            ),
        ),
        code=lambda wildcards: code("try_choices", architectures(wildcards.run)),
        choices=lambda wildcards: SEARCH.choices.of(wildcards.run).model_dump_json(),
    message:
        "Trying choices for {wildcards.run} on the validation split"
    script:
        "../../scripts/try_choices.py"


rule tune:
    input:
        expand(STUDY.file("tuning", "{run}.csv"), run=SEARCH.tunable(STUDY)),
        expand(STUDY.file("choices", "{run}.csv"), run=SEARCH.choices.runs),
