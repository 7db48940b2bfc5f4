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
                caption=f"../report/{name}.rst",
                category="Figures",
                labels={"figure": name, "claims": claims},
            )
            for name, claims in zip(ABLATION_FIGURES, ["C2, C7, C9"] * 3 + ["C8"])
        ],
    log:
        f"{PREFIX}/logs/plot_ablation.log",
    benchmark:
        f"{PREFIX}/benchmarks/plot_ablation.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
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
