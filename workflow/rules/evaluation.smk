# One job per experiment, not per run: loading PyTorch and PennyLane takes longer than evaluating a run.
rule evaluate_models:
    input:
        channels=lambda wildcards: [
            STUDY.channels(STUDY.scenario_of(wildcards.experiment), split)
            for split in ("test", "evaluation")
        ],
        weights=lambda wildcards: runs_of("weights.safetensors", wildcards.experiment),
    output:
        test=STUDY.evaluated("{experiment}", "test.nc"),
        evaluation=STUDY.evaluated("{experiment}", "evaluation.nc"),
    log:
        STUDY.file("logs", "evaluate_models/{experiment}.log"),
    benchmark:
        STUDY.file("benchmarks", "evaluate_models/{experiment}.tsv")
    conda:
        CONDA
    threads: STUDY.config.torch.threads
    message:
        "Evaluating all runs of experiment {wildcards.experiment} on test and evaluation sets"
    script:
        "../../scripts/evaluate_models.py"


rule tabulate_results:
    input:
        manifests=lambda wildcards: runs_of("manifest.json", wildcards.experiment),
        models=[
            STUDY.evaluated("{experiment}", "test.nc"),
            STUDY.evaluated("{experiment}", "evaluation.nc"),
        ],
        solvers=lambda wildcards: [
            STUDY.solved(STUDY.scenario_of(wildcards.experiment), f"{split}.nc")
            for split in ("test", "evaluation")
        ],
    output:
        csv=STUDY.table("{experiment}"),
        comparisons=STUDY.file("comparisons", "{experiment}.csv"),
        markdown=STUDY.file("tables", "{experiment}.md"),
        html=report(
            STUDY.file("tables", "{experiment}.html"),
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{experiment}"},
        ),
    log:
        STUDY.file("logs", "tabulate_results/{experiment}.log"),
    benchmark:
        STUDY.file("benchmarks", "tabulate_results/{experiment}.tsv")
    conda:
        CONDA
    threads: 1
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
    benchmark:
        STUDY.file("benchmarks", "tabulate_convergence.tsv")
    conda:
        CONDA
    threads: 1
    message:
        "Tabulating parameters and convergence"
    script:
        "../../scripts/tabulate_convergence.py"


rule tables:
    input:
        STUDY.table_files,
