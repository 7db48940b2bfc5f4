rule train_model:
    input:
        channels=run_channels("test"),
    output:
        curves=f"{PREFIX}/training/{{run}}/curves.csv",
        weights=f"{PREFIX}/training/{{run}}/weights.safetensors",
        manifest=f"{PREFIX}/training/{{run}}/manifest.json",
    log:
        f"{PREFIX}/logs/train_model/{{run}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/train_model/{{run}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: config["torch"]["threads"]
    resources:
        mem_mb=2500,
        runtime=45,
    params:
        settings=run_settings,
        checkpoints=f"{PREFIX}/checkpoints",  # outside the outputs: Snakemake deletes those of a killed job
    message:
        "Training all seeds of {wildcards.run}"
    script:
        "../../scripts/train_model.py"


rule tune_model:
    input:
        channels=run_channels("validation"),
    output:
        f"{PREFIX}/tuning/{{run}}.csv",
    log:
        f"{PREFIX}/logs/tune_model/{{run}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/tune_model/{{run}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: config["torch"]["threads"]
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        settings=untuned_settings,
        space={key: value for key, value in config["tuning"].items() if key != "runs"},
    message:
        "Searching learning rate, batch size and epochs of {wildcards.run} on the validation split"
    script:
        "../../scripts/tune_model.py"


rule try_choices:
    input:
        channels=run_channels("validation"),
    output:
        f"{PREFIX}/choices/{{run}}.csv",
    log:
        f"{PREFIX}/logs/try_choices/{{run}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/try_choices/{{run}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: config["torch"]["threads"]
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        settings=choice_settings,
        trials=lambda wildcards: CHOICES["runs"][wildcards.run]["trials"],
        num_seeds=CHOICES.get("num_seeds"),
    message:
        "Trying choices for {wildcards.run} on the validation split"
    script:
        "../../scripts/try_choices.py"


rule tune:
    input:
        expand(f"{PREFIX}/tuning/{{run}}.csv", run=TUNABLE),
        expand(f"{PREFIX}/choices/{{run}}.csv", run=CHOICES.get("runs", [])),
