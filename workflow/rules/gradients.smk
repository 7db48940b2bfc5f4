# Gradients of untrained networks. A study without a gradient study asks for none of these.
GRADIENTS = STUDY.config.gradients


rule measure_gradients:
    input:
        channels=lambda wildcards: STUDY.channels(
            STUDY.runs[GRADIENTS.run].scenario, "train"
        ),
    output:
        csv=STUDY.file("gradients.csv"),
    log:
        STUDY.file("logs", "measure_gradients.log"),
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    params:
        settings=lambda wildcards: STUDY.gradients_text,
        code=lambda wildcards: code("measure_gradients", architectures(GRADIENTS.run)),
    message:
        "Measuring gradients over random starts"
    script:
        "../../scripts/measure_gradients.py"
