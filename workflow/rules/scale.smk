# Trained networks on networks of other sizes. A study without a scale study asks for none of these.
def scale_code(script, scale, links=None):
    """Return the hash of a scale study's script, with the models that it evaluates."""
    study = STUDY.config.scale[scale]
    runs = study.runs if links is None else study.evaluated(int(links))
    return code(
        script, [*architectures(*runs), *STUDY.scenarios.values(), *METHODS.values()]
    )


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
        code=lambda wildcards: scale_code(
            "evaluate_scale", wildcards.scale, wildcards.links
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
        code=lambda wildcards: scale_code("time_inference", wildcards.scale),
    message:
        "Timing inference against the number of links ({wildcards.scale})"
    script:
        "../../scripts/time_inference.py"
