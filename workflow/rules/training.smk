# Numba compiles the kernels when they are first called; jobs that start side by side would all do it.
rule compile_kernels:
    output:
        STUDY.file("compiled.json"),
    log:
        STUDY.file("logs", "compile_kernels.log"),
    benchmark:
        STUDY.file("benchmarks", "compile_kernels.tsv")
    conda:
        CONDA
    threads: 1
    message:
        "Compiling the models' kernels"
    script:
        "../../scripts/compile_kernels.py"


rule train_model:
    input:
        channels=lambda wildcards: STUDY.run_channels(wildcards.run, "test"),
        compiled=ancient(rules.compile_kernels.output[0]),
    output:
        curves=STUDY.trained("{run}", "curves.csv"),
        weights=STUDY.trained("{run}", "weights.safetensors"),
        manifest=STUDY.trained("{run}", "manifest.json"),
    log:
        STUDY.file("logs", "train_model/{run}.log"),
    benchmark:
        STUDY.file("benchmarks", "train_model/{run}.tsv")
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    params:
        settings=lambda wildcards: STUDY.trainable(wildcards.run).text,
        checkpoints=STUDY.file("checkpoints"),  # outside the outputs: Snakemake deletes those of a killed job
    message:
        "Training all seeds of {wildcards.run}"
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
    benchmark:
        STUDY.file("benchmarks", "tune_model/{run}.tsv")
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    params:
        settings=lambda wildcards: search.untuned(STUDY.runs[wildcards.run]).text,
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
    benchmark:
        STUDY.file("benchmarks", "try_choices/{run}.tsv")
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    params:
        settings=lambda wildcards: STUDY.runs[wildcards.run]
        .changed(SEARCH.choices.runs[wildcards.run].start)
        .text,
        choices=lambda wildcards: SEARCH.choices.of(wildcards.run).model_dump_json(),
    message:
        "Trying choices for {wildcards.run} on the validation split"
    script:
        "../../scripts/try_choices.py"


rule tune:
    input:
        expand(STUDY.file("tuning", "{run}.csv"), run=SEARCH.tunable(STUDY)),
        expand(STUDY.file("choices", "{run}.csv"), run=SEARCH.choices.runs),
