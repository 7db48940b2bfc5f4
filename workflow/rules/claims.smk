rule judge_claims:
    input:
        **claim_evidence(),
        curves=[f"{PREFIX}/training/{run}/curves.csv" for run in claim_runs()],
        manifests=[f"{PREFIX}/training/{run}/manifest.json" for run in claim_runs()],
        evaluated=claim_scenario_files("evaluation/{scenario}/evaluation.nc"),
        baselines=claim_scenario_files("solvers/{scenario}/summary.csv"),
    output:
        json=f"{PREFIX}/claims.json",
        markdown=f"{PREFIX}/claims.md",
        html=report(
            f"{PREFIX}/claims.html",
            caption="../report/claims.rst",
            category="Claims",
            labels={"table": "claims"},
        ),
    log:
        f"{PREFIX}/logs/judge_claims.log",
    benchmark:
        f"{PREFIX}/benchmarks/judge_claims.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        **claim_settings(),
        pairs=config["claims"],
        num_train=STUDY.splits["train"],
    message:
        "Judging the paper's claims"
    script:
        "../../scripts/judge_claims.py"


rule claims:
    input:
        claim_files(),
