# A finished study as an RO-Crate, described by the records that scripts/_job.py writes.


rule write_crate:
    input:
        files=rules.all.input,
        citation=str(Path(workflow.basedir, "CITATION.cff")),
    output:
        copies=crate_copies(rules.all.input),
        config=f"{PREFIX}/config.json",
        metadata=f"{PREFIX}/ro-crate-metadata.json",
    log:
        f"{PREFIX}/logs/write_crate.log",
    benchmark:
        f"{PREFIX}/benchmarks/write_crate.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=config,  # whole: any change of it belongs in the crate
    message:
        "Describing the study as an RO-Crate"
    script:
        "../../scripts/write_crate.py"


rule provenance:
    input:
        rules.write_crate.output,
