rule judge_claims:
    input:
        **claims.inputs(STUDY),
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
    benchmark:
        STUDY.file("benchmarks", "judge_claims.tsv")
    conda:
        CONDA
    threads: 1
    params:
        pairs=[f"{pair.models}: {pair.text}" for pair in STUDY.config.claims],
    message:
        "Judging the paper's claims"
    script:
        "../../scripts/judge_claims.py"


rule claims:
    input:
        STUDY.claim_files,
