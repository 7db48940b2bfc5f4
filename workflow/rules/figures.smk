# One rule for all figures: a module of qgnn_d2d.figures is drawn because it is there.
rule plot_figure:
    input:
        lambda wildcards: [
            file for files in FIGURES[wildcards.figure].values() for file in files
        ],
    output:
        pdf=f"{STUDY.figures}/{{figure}}.pdf",
        png=report(
            f"{STUDY.figures}/{{figure}}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels=lambda wildcards: {
                "figure": wildcards.figure,
                "claims": figures.FIGURES[wildcards.figure].CLAIMS,
            },
        ),
        csv=f"{STUDY.figures}/{{figure}}.csv",
        # The figures of the paper's study are committed; where no job drew them, they are drawn.
        record=STUDY.file("provenance", "plot_figure", "{figure}.json"),
    log:
        STUDY.file("logs", "plot_figure/{figure}.log"),
    conda:
        CONDA
    threads: 1
    params:
        code=lambda wildcards: code(
            "plot_figure", [SETTINGS, figures.FIGURES[wildcards.figure].__name__]
        ),
        caption=lambda wildcards: figures.FIGURES[wildcards.figure].CAPTION,
        settings=lambda wildcards: drawn_as(wildcards.figure),
    message:
        "Plotting {wildcards.figure}"
    script:
        "../../scripts/plot_figure.py"


rule figures:
    input:
        figure_files(*FIGURES),
        drawn(*FIGURES),


# A target for every figure, by its name.
for figure_name in FIGURES:

    rule:
        name:
            figure_name
        input:
            figure_files(figure_name),
            drawn(figure_name),
