# A finished study as an RO-Crate, described by the records that scripts/_job.py writes.


# No output: so every file is compared with its record anew whenever it is asked for.
rule provenance:
    input:
        files=rules.all.input,
        citation=str(Path(workflow.basedir, "CITATION.cff")),
    log:
        f"{PREFIX}/logs/provenance.log",
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        metadata=f"{PREFIX}/ro-crate-metadata.json",
        config=config,
    message:
        "Describing the study as an RO-Crate"
    script:
        "../../scripts/provenance.py"
