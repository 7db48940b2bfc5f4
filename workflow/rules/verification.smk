# A full run against the committed numbers. Only for the paper's study: it alone has a reference.

REFERENCE = str(Path(workflow.basedir, "results", "reference"))
LOCK = str(Path(workflow.basedir, "envs", "requirements.lock"))


# Neither output nor benchmark: so it compares anew whenever it is asked for, and what it writes survives a miss.
rule verify:
    input:
        verified_channels(),
        verified_tables(),
        # The curves and weights beside them are outputs of the same jobs.
        expand(f"{PREFIX}/training/{{run}}/manifest.json", run=STUDY.runs),
        expand(f"{PREFIX}/evaluation/{{table}}/evaluation.nc", table=STUDY.tables),
    log:
        f"{PREFIX}/logs/verify.log",
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        reference=REFERENCE,
        lock=LOCK,
        csv=f"{PREFIX}/verification.csv",
        markdown=f"{PREFIX}/verification.md",
    message:
        "Comparing with the committed numbers"
    script:
        "../../scripts/verify.py"
