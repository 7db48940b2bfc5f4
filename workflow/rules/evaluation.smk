# One job per scenario, not per run: loading torch and PennyLane takes longer than evaluating a run.
rule evaluate_models:
    input:
        test=f"{PREFIX}/channels/{{scenario}}/test.nc",
        evaluation=f"{PREFIX}/channels/{{scenario}}/evaluation.nc",
        weights=scenario_files(f"{PREFIX}/training/{{run}}/weights.safetensors"),
    output:
        test=f"{PREFIX}/evaluation/{{scenario}}/test.nc",
        evaluation=f"{PREFIX}/evaluation/{{scenario}}/evaluation.nc",
    log:
        f"{PREFIX}/logs/evaluate_models/{{scenario}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/evaluate_models/{{scenario}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: config["torch"]["threads"]
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        runs=lambda wildcards: [
            STUDY.runs[run].as_dict() for run in STUDY.runs_of(wildcards.scenario)
        ],
    message:
        "Evaluating all runs of {wildcards.scenario} on its test and evaluation sets"
    script:
        "../../scripts/evaluate_models.py"


rule tabulate_results:
    input:
        manifests=scenario_files(f"{PREFIX}/training/{{run}}/manifest.json"),
        models=[
            f"{PREFIX}/evaluation/{{scenario}}/test.nc",
            f"{PREFIX}/evaluation/{{scenario}}/evaluation.nc",
        ],
        solvers=[
            f"{PREFIX}/solvers/{{scenario}}/test.nc",
            f"{PREFIX}/solvers/{{scenario}}/evaluation.nc",
        ],
    output:
        csv=f"{PREFIX}/tables/{{scenario}}.csv",
        markdown=report(
            f"{PREFIX}/tables/{{scenario}}.md",
            caption="../report/table.rst",
            category="Tables",
            labels={"scenario": "{scenario}"},
        ),
    log:
        f"{PREFIX}/logs/tabulate_results/{{scenario}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/tabulate_results/{{scenario}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    message:
        "Tabulating all methods on {wildcards.scenario}"
    script:
        "../../scripts/tabulate_results.py"


rule tables:
    input:
        table_files(),
