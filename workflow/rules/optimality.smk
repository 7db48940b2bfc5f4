# Gaps to the certified optimum. Only for studies whose config has the figure fig2, whose runs are shown.


rule plot_optimality:
    input:
        models=expand(
            f"{PREFIX}/evaluation/{{table}}/evaluation.nc", table=tables_of("fig2")
        ),
        solvers=f"{PREFIX}/solvers/{STUDY.runs[runs_of('fig2')[0]].scenario}/evaluation.nc",
    output:
        pdf=f"{FIGURES}/optimality.pdf",
        png=report(
            f"{FIGURES}/optimality.png",
            caption="../report/optimality.rst",
            category="Figures",
            labels={"figure": "optimality", "claims": "C2, C3"},
        ),
        csv=f"{FIGURES}/optimality.csv",
    log:
        f"{PREFIX}/logs/plot_optimality.log",
    benchmark:
        f"{PREFIX}/benchmarks/plot_optimality.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        panels=dict(config["figures"]["fig2"]),
        runs={run: figure_run(run) for run in runs_of("fig2")},
    message:
        "Plotting the gaps to the certified optimum"
    script:
        "../../scripts/plot_optimality.py"


rule optimality:
    input:
        figure_files(["optimality"]),
