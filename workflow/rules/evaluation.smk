# One job per table, not per run: loading torch and PennyLane takes longer than evaluating a run.
rule evaluate_models:
    input:
        channels=table_input(
            "channels/{scenario}/test.nc", "channels/{scenario}/evaluation.nc"
        ),
        weights=table_runs(f"{PREFIX}/training/{{run}}/weights.safetensors"),
    output:
        test=f"{PREFIX}/evaluation/{{table}}/test.nc",
        evaluation=f"{PREFIX}/evaluation/{{table}}/evaluation.nc",
    log:
        f"{PREFIX}/logs/evaluate_models/{{table}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/evaluate_models/{{table}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: config["torch"]["threads"]
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        runs=lambda wildcards: [
            STUDY.runs[run].as_dict() for run in STUDY.tables[wildcards.table]
        ],
    message:
        "Evaluating all runs of table {wildcards.table} on test and evaluation sets"
    script:
        "../../scripts/evaluate_models.py"


rule tabulate_results:
    input:
        manifests=table_runs(f"{PREFIX}/training/{{run}}/manifest.json"),
        models=[
            f"{PREFIX}/evaluation/{{table}}/test.nc",
            f"{PREFIX}/evaluation/{{table}}/evaluation.nc",
        ],
        solvers=table_input(
            "solvers/{scenario}/test.nc", "solvers/{scenario}/evaluation.nc"
        ),
    output:
        csv=f"{PREFIX}/tables/{{table}}.csv",
        comparisons=f"{PREFIX}/comparisons/{{table}}.csv",
        markdown=f"{PREFIX}/tables/{{table}}.md",
        html=report(
            f"{PREFIX}/tables/{{table}}.html",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        f"{PREFIX}/logs/tabulate_results/{{table}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/tabulate_results/{{table}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2250,
        runtime=10,
    params:
        against=[INFORMED["ideal"]] if INFORMED else [],
    message:
        "Tabulating {wildcards.table}"
    script:
        "../../scripts/tabulate_results.py"


rule tabulate_convergence:
    input:
        manifests=[f"{PREFIX}/training/{run}/manifest.json" for run in scenario_runs()],
        curves=[f"{PREFIX}/training/{run}/curves.csv" for run in scenario_runs()],
    output:
        csv=f"{PREFIX}/convergence.csv",
        markdown=f"{PREFIX}/convergence.md",
        html=report(
            f"{PREFIX}/convergence.html",
            caption="../report/convergence.rst",
            category="Tables",
            labels={"table": "convergence"},
        ),
    log:
        f"{PREFIX}/logs/tabulate_convergence.log",
    benchmark:
        f"{PREFIX}/benchmarks/tabulate_convergence.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=5,
    message:
        "Tabulating parameters and convergence"
    script:
        "../../scripts/tabulate_convergence.py"


rule tables:
    input:
        table_files(),
