# Networks on informed stars. Only for studies whose config has the key `informed`.


rule plot_informed:
    input:
        **{
            name: f"{PREFIX}/tables/{INFORMED[name]}.csv"
            for name in ("leaves", "sizes", "noise")
        },
        main=f"{PREFIX}/tables/{STUDY.runs[INFORMED['ideal']].scenario}.csv",
    output:
        pdf=f"{FIGURES}/informed.pdf",
        png=report(
            f"{FIGURES}/informed.png",
            caption="../report/informed.rst",
            category="Figures",
            labels={"figure": "informed", "claims": "C2, C7, C10"},
        ),
        csv=f"{FIGURES}/informed.csv",
    log:
        f"{PREFIX}/logs/plot_informed.log",
    benchmark:
        f"{PREFIX}/benchmarks/plot_informed.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        mains=INFORMED["mains"],
        ideal=INFORMED["ideal"],
        devices={
            run: STUDY.runs[run].architecture["noise"]["device"]
            for run in STUDY.tables[INFORMED["noise"]]
        },
    message:
        "Plotting networks on informed stars"
    script:
        "../../scripts/plot_informed.py"


rule informed:
    input:
        figure_files(INFORMED_FIGURES),
