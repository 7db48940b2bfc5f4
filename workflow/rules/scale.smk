# Trained networks on networks of other sizes. A study without a scale study asks for none of these.
SCALE = STUDY.config.scale


rule evaluate_scale:
    input:
        weights=STUDY.scale_weights,
    output:
        csv=STUDY.file("scale", "{links}.csv"),
    log:
        STUDY.file("logs", "evaluate_scale/{links}.log"),
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    params:
        settings=lambda wildcards: STUDY.scale_text,
        code=lambda wildcards: code(
            "evaluate_scale",
            [
                *architectures(*SCALE.runs),
                *STUDY.scenarios.values(),
                *METHODS.values(),
            ],
        ),
    message:
        "Evaluating trained networks at {wildcards.links} links"
    script:
        "../../scripts/evaluate_scale.py"


# Times and memory: the one table of the study that is not the same in two runs.
rule time_inference:
    input:
        weights=STUDY.scale_weights,
    output:
        csv=STUDY.file("scale", "inference.csv"),
    log:
        STUDY.file("logs", "time_inference.log"),
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: SCALE.text,
        code=lambda wildcards: code(
            "time_inference",
            [*architectures(*SCALE.runs), *STUDY.scenarios.values()],
        ),
    message:
        "Timing inference against the number of links"
    script:
        "../../scripts/time_inference.py"
