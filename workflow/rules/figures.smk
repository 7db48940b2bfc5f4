rule draw_circuit:
    output:
        pdf=f"{FIGURES}/fig1_circuit.pdf",
        png=report(
            f"{FIGURES}/fig1_circuit.png",
            caption="../report/fig1_circuit.rst",
            category="Figures",
            labels={"figure": "fig1_circuit", "claims": "C9, C10"},
        ),
    log:
        f"{PREFIX}/logs/draw_circuit.log",
    benchmark:
        f"{PREFIX}/benchmarks/draw_circuit.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        k=3,  # the paper's 7-qubit star
        entangling_layers=model_options("qgnn")["entangling_layers"],
    message:
        "Drawing the circuit of one star (Fig. 1)"
    script:
        "../../scripts/draw_circuit.py"


rule plot_fig2:
    input:
        curves=lambda wildcards: expand(
            f"{PREFIX}/training/{{run}}/curves.csv", run=figure_runs(wildcards)
        ),
        baselines=lambda wildcards: f"{PREFIX}/solvers/{figure_scenario(wildcards)}/summary.csv",
    output:
        pdf=f"{FIGURES}/{{figure}}.pdf",
        png=report(
            f"{FIGURES}/{{figure}}.png",
            caption="../report/fig2.rst",
            category="Figures",
            labels={"figure": "{figure}", "claims": "C1 to C7"},
        ),
        csv=f"{FIGURES}/{{figure}}.csv",
    log:
        f"{PREFIX}/logs/plot_fig2/{{figure}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/plot_fig2/{{figure}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1750,
        runtime=5,
    params:
        panels=lambda wildcards: dict(config["figures"][wildcards.figure]),
        runs=lambda wildcards: {run: figure_run(run) for run in figure_runs(wildcards)},
    message:
        "Plotting {wildcards.figure}: sum rate against epoch"
    script:
        "../../scripts/plot_fig2.py"


rule fig1:
    input:
        figure_files(["fig1_circuit"]),


rule fig2:
    input:
        figure_files(["fig2"]),


rule figures:
    input:
        figure_files(ALL_FIGURES),
