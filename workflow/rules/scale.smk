# Trained networks on networks of other sizes. A study without a scale study asks for none of these.
rule evaluate_scale:
    input:
        weights=lambda wildcards: STUDY.scale_weights(
            wildcards.scale, int(wildcards.links)
        ),
    output:
        csv=STUDY.file("scale", "{scale}", "{links}.csv"),
        values=STUDY.file("scale", "{scale}", "{links}.nc"),
    log:
        STUDY.file("logs", "evaluate_scale/{scale}/{links}.log"),
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    params:
        settings=lambda wildcards: STUDY.scale_text(wildcards.scale),
        code=lambda wildcards: code(
            "evaluate_scale",
            [
                *architectures(
                    *STUDY.scale_runs(wildcards.scale, int(wildcards.links))
                ),
                *STUDY.scenarios.values(),
                *METHODS.values(),
            ],
        ),
    message:
        "Evaluating trained networks at {wildcards.links} links ({wildcards.scale})"
    script:
        "../../scripts/evaluate_scale.py"


# Times and memory: the one table of the study that is not the same in two runs.
rule time_inference:
    input:
        weights=lambda wildcards: STUDY.scale_weights(wildcards.scale),
    output:
        csv=STUDY.file("scale", "{scale}", "inference.csv"),
    log:
        STUDY.file("logs", "time_inference/{scale}.log"),
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: STUDY.config.scale[wildcards.scale].text,
        code=lambda wildcards: code(
            "time_inference",
            [
                *architectures(*STUDY.scale_runs(wildcards.scale)),
                *STUDY.scenarios.values(),
                *METHODS.values(),
            ],
        ),
    message:
        "Timing inference against the number of links ({wildcards.scale})"
    script:
        "../../scripts/time_inference.py"
