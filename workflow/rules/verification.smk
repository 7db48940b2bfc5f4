# A full run against the committed numbers, and what it was made of.
REFERENCE = str(Path(workflow.basedir, "results", "reference"))
LOCK = str(Path(workflow.basedir, "envs", "requirements.lock"))


# No output: so it compares anew whenever it is asked for, and what it writes survives a miss.
rule verify:
    input:
        STUDY.verified_files,
    log:
        STUDY.file("logs", "verify.log"),
    conda:
        CONDA
    threads: 1
    params:
        reference=REFERENCE,
        lock=LOCK,
    message:
        "Comparing with the committed numbers"
    script:
        "../../scripts/verify.py"


# No output: so every file is compared with its record anew whenever it is asked for.
rule provenance:
    input:
        files=[*rules.check_outputs.input, *rules.check_outputs.output],
        citation=str(Path(workflow.basedir, "CITATION.cff")),
    log:
        STUDY.file("logs", "provenance.log"),
    conda:
        CONDA
    threads: 1
    message:
        "Describing the study as an RO-Crate"
    script:
        "../../scripts/provenance.py"
