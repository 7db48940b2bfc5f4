rule generate_channels:
    output:
        f"{PREFIX}/channels/{{scenario}}/{{split}}.nc",
    log:
        f"{PREFIX}/logs/generate_channels/{{scenario}}/{{split}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/generate_channels/{{scenario}}/{{split}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=5,
    params:
        scenario=lambda wildcards: STUDY.scenarios[wildcards.scenario],
        size=lambda wildcards: STUDY.splits[wildcards.split],
        seed=STUDY.seed,
    message:
        "Drawing the {wildcards.split} channels of {wildcards.scenario}"
    script:
        "../../scripts/generate_channels.py"
