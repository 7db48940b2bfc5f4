rule tabulate_results:
    input:
        manifests=lambda wildcards: runs_of("manifest.json", wildcards.experiment),
        test=lambda wildcards: STUDY.evaluated(wildcards.experiment, "test"),
        evaluation=lambda wildcards: STUDY.evaluated(wildcards.experiment, "evaluation"),
        solvers=lambda wildcards: [
            STUDY.solved(STUDY.scenario_of(wildcards.experiment), f"{split}.nc")
            for split in ("test", "evaluation")
        ],
    output:
        csv=STUDY.table("{experiment}"),
        comparisons=STUDY.file("comparisons", "{experiment}.csv"),
        seeds=STUDY.seeds("{experiment}"),
        markdown=STUDY.file("tables", "{experiment}.md"),
        html=report(
            STUDY.file("tables", "{experiment}.html"),
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{experiment}"},
        ),
    log:
        STUDY.file("logs", "tabulate_results/{experiment}.log"),
    conda:
        CONDA
    threads: 1
    params:
        code=code("tabulate_results"),
    message:
        "Tabulating {wildcards.experiment}"
    script:
        "../../scripts/tabulate_results.py"


rule tabulate_convergence:
    input:
        manifests=[
            file
            for name in STUDY.comparisons
            for file in runs_of("manifest.json", name)
        ],
        curves=[
            file for name in STUDY.comparisons for file in runs_of("curves.csv", name)
        ],
    output:
        csv=STUDY.file("convergence.csv"),
        markdown=STUDY.file("convergence.md"),
        html=report(
            STUDY.file("convergence.html"),
            caption="../report/convergence.rst",
            category="Tables",
            labels={"table": "convergence"},
        ),
    log:
        STUDY.file("logs", "tabulate_convergence.log"),
    conda:
        CONDA
    threads: 1
    params:
        code=code("tabulate_convergence"),
    message:
        "Tabulating parameters and convergence"
    script:
        "../../scripts/tabulate_convergence.py"


rule tables:
    input:
        STUDY.table_files,
