# The whole study as one DAG. `snakemake --cores all` runs config/paper.yaml; --configfile takes another study.
# Named targets: every figure by its name, figures, tables, claims, and, not part of `all`, tune, hardware, verify,
# provenance. `make report` makes a finished study one HTML file.

if not workflow.overwrite_configfiles:

    configfile: f"{workflow.basedir}/config/paper.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


rule all:
    default_target: True
    input:
        figure_files(*FIGURES),
        drawn(*FIGURES),
        STUDY.table_files,
        STUDY.claim_files,
        STUDY.reading_files,
        STUDY.redraw_files,
        STUDY.file("checked.json"),


include: "workflow/rules/channels.smk"
include: "workflow/rules/solvers.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/noise.smk"
include: "workflow/rules/scale.smk"
include: "workflow/rules/gradients.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/outputs.smk"
include: "workflow/rules/verification.smk"
