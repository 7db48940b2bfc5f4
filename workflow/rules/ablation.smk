# Leaves, layers, training size and leaf rule. Only for studies whose config has the key `ablation`.


rule plot_ablation:
    input:
        **{
            name: f"{PREFIX}/tables/{ABLATION[name]}.csv"
            for name in ("grid", "released", "sizes", "leaves")
        },
        point=f"{PREFIX}/tables/{STUDY.runs[ABLATION['point']].scenario}.csv",
        resources=f"{PREFIX}/noise/resources.csv",
    output:
        [path for path in figure_files(ABLATION_FIGURES) if not path.endswith(".png")],
        [
            report(
                f"{FIGURES}/{name}.png",
                caption="../report/ablation.rst",
                category="Figures",
                labels={"figure": name},
            )
            for name in ABLATION_FIGURES
        ],
    log:
        f"{PREFIX}/logs/plot_ablation.log",
    benchmark:
        f"{PREFIX}/benchmarks/plot_ablation.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        point=ABLATION["point"],
        figures=ABLATION_FIGURES,
    message:
        "Plotting the ablations"
    script:
        "../../scripts/plot_ablation.py"


rule ablation:
    input:
        figure_files(ABLATION_FIGURES),
