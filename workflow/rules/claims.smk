from qgnn_d2d.claims import redraws


rule judge_claims:
    input:
        **claims.inputs(STUDY),
        redraws=STUDY.redraw_files[:1],
    output:
        json=STUDY.file("claims.json"),
        markdown=STUDY.file("claims.md"),
        html=report(
            STUDY.file("claims.html"),
            caption="../report/claims.rst",
            category="Claims",
            labels={"table": "claims"},
        ),
    log:
        STUDY.file("logs", "judge_claims.log"),
    conda:
        CONDA
    threads: 1
    params:
        code=code("judge_claims"),
        pairs=[f"{pair.models}: {pair.text}" for pair in STUDY.config.claims],
    message:
        "Judging the paper's claims"
    script:
        "../../scripts/judge_claims.py"


# One claim, from what it needs alone.
rule judge_claim:
    input:
        unpack(lambda wildcards: claims.inputs(STUDY, wildcards.claim)),
    output:
        json=STUDY.file("claims", "{claim}.json"),
        markdown=STUDY.file("claims", "{claim}.md"),
        html=STUDY.file("claims", "{claim}.html"),
    log:
        STUDY.file("logs", "judge_claims/{claim}.log"),
    conda:
        CONDA
    threads: 1
    resources:
        **needed("judge_claims"),
    params:
        code=code("judge_claims"),
        pairs=[f"{pair.models}: {pair.text}" for pair in STUDY.config.claims],
    message:
        "Judging the paper's claim {wildcards.claim}"
    script:
        "../../scripts/judge_claims.py"


# Which reading of the paper gives its numbers.
if STUDY.reading_files:

    rule tabulate_readings:
        input:
            draws=STUDY.channels(STUDY.config.readings.scenario, "test"),
            tables=[STUDY.table(name) for name in STUDY.comparisons],
        output:
            csv=STUDY.file("readings.csv"),
            markdown=STUDY.file("readings.md"),
            html=report(
                STUDY.file("readings.html"),
                caption="../report/readings.rst",
                category="Claims",
                labels={"table": "readings"},
            ),
        log:
            STUDY.file("logs", "tabulate_readings.log"),
        conda:
            CONDA
        threads: 1
        params:
            code=code("tabulate_readings"),
            readings=STUDY.config.readings.text,
        message:
            "Comparing readings of the paper's numbers"
        script:
            "../../scripts/tabulate_readings.py"


# What depends on which training realizations were drawn.
if STUDY.redraws:

    rule tabulate_redraws:
        input:
            **redraws.inputs(STUDY),
        output:
            csv=STUDY.file("redraws.csv"),
            markdown=STUDY.file("redraws.md"),
            html=report(
                STUDY.file("redraws.html"),
                caption="../report/redraws.rst",
                category="Claims",
                labels={"table": "redraws"},
            ),
        log:
            STUDY.file("logs", "tabulate_redraws.log"),
        conda:
            CONDA
        threads: 1
        params:
            code=code("tabulate_redraws"),
            pairs=[f"{pair.models}: {pair.text}" for pair in STUDY.config.claims],
        message:
            "Comparing trainings on other draws"
        script:
            "../../scripts/tabulate_redraws.py"


rule claims:
    input:
        STUDY.claim_files,
        STUDY.reading_files,
        STUDY.redraw_files,


# A target for every claim.
for claim in claims.IDS:

    rule:
        name:
            f"claim_{claim}"
        input:
            STUDY.file("claims", f"{claim}.md"),
