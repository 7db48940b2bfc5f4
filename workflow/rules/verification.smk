# A full run against the committed numbers. Only for the paper's study: it alone has a reference.

REFERENCE = str(Path(workflow.basedir, "results", "reference"))
LOCK = str(Path(workflow.basedir, "envs", "requirements.lock"))


def verified_channels():
    """Return the channels of a full run: three splits of every scenario, and the pools that runs train on."""
    drawn = {
        (scenario, split)
        for scenario in STUDY.scenarios
        for split in ("train", "test", "evaluation")
    }
    drawn |= {
        (run.scenario, "pool")
        for run in STUDY.runs.values()
        if run.train_size is not None
    }
    return [f"{PREFIX}/channels/{'/'.join(names)}.nc" for names in sorted(drawn)]


def verified_tables():
    """Return the tables that the reference repeats."""
    names = ["summary", "shots", "devices", "resources"] if NOISE else []
    files = expand(f"{PREFIX}/noise/{{name}}.csv", name=names)
    return files + table_files() + claim_files() + (scale_files() if SCALE else [])


# No output is declared: so it compares anew whenever it is asked for, and what it writes survives a miss.
rule verify:
    input:
        verified_channels(),
        verified_tables(),
        expand(
            f"{PREFIX}/training/{{run}}/{{file}}",
            run=STUDY.runs,
            file=["curves.csv", "weights.safetensors", "manifest.json"],
        ),
        expand(f"{PREFIX}/evaluation/{{table}}/evaluation.nc", table=STUDY.tables),
    log:
        f"{PREFIX}/logs/verify.log",
    benchmark:
        f"{PREFIX}/benchmarks/verify.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        results=PREFIX,
        reference=REFERENCE,
        lock=LOCK,
        csv=f"{PREFIX}/verification.csv",
        markdown=f"{PREFIX}/verification.md",
    message:
        "Comparing with the committed numbers"
    script:
        "../../scripts/verify.py"
