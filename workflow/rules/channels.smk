# What every study needs of a scenario, in one job.
rule generate_channels:
    input:
        lambda wildcards: STUDY.channel_sources(wildcards.scenario),
    output:
        STUDY.drawn("{scenario}"),
    log:
        STUDY.file("logs", "generate_channels/{scenario}.log"),
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: STUDY.drawn_as(wildcards.scenario),
        code=lambda wildcards: code(
            "generate_channels", [STUDY.scenarios[wildcards.scenario]]
        ),
        sizes=[STUDY.splits[Path(path).stem] for path in STUDY.drawn("")],
        seed=STUDY.seed,
    message:
        "Drawing the channels of {wildcards.scenario}"
    script:
        "../../scripts/generate_channels.py"


# For the search, and for trainings of other sizes.
rule generate_more_channels:
    input:
        lambda wildcards: STUDY.channel_sources(wildcards.scenario),
    output:
        STUDY.channels("{scenario}", "{more}"),
    log:
        STUDY.file("logs", "generate_channels/{scenario}/{more}.log"),
    conda:
        CONDA
    threads: 1
    resources:
        **needed("generate_channels"),
    params:
        settings=lambda wildcards: STUDY.drawn_as(wildcards.scenario, wildcards.more),
        code=lambda wildcards: code(
            "generate_channels", [STUDY.scenarios[wildcards.scenario]]
        ),
        size=lambda wildcards: STUDY.splits[wildcards.more],
        seed=STUDY.seed,
    message:
        "Drawing the {wildcards.more} channels of {wildcards.scenario}"
    script:
        "../../scripts/generate_channels.py"
