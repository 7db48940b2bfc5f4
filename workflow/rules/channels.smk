rule generate_channels:
    output:
        STUDY.channels("{scenario}", "{split}"),
    log:
        STUDY.file("logs", "generate_channels/{scenario}/{split}.log"),
    benchmark:
        STUDY.file("benchmarks", "generate_channels/{scenario}/{split}.tsv")
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: STUDY.scenarios[wildcards.scenario].text,
        size=lambda wildcards: STUDY.splits[wildcards.split],
        seed=STUDY.seed,
    message:
        "Drawing the {wildcards.split} channels of {wildcards.scenario}"
    script:
        "../../scripts/generate_channels.py"
