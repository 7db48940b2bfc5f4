# The whole study as one DAG. `snakemake --cores all` runs config/paper.yaml; --configfile takes another study.
# Named targets: fig1, fig2, optimality, noise, shots, resources, ablation, informed, scale, figures, tables, claims, and, not part
# of `all`, tune, hardware, verify, provenance. `make report` makes a finished study one HTML file.

if not workflow.overwrite_configfiles:

    configfile: f"{workflow.basedir}/config/paper.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


rule all:
    default_target: True
    input:
        figure_files(ALL_FIGURES),
        table_files(),
        claim_files(),


include: "workflow/rules/channels.smk"
include: "workflow/rules/solvers.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"


if OPTIMALITY_FIGURES:

    include: "workflow/rules/optimality.smk"


if NOISE_NAMES:

    include: "workflow/rules/noise.smk"


if ABLATION:

    include: "workflow/rules/ablation.smk"


if INFORMED:

    include: "workflow/rules/informed.smk"


if SCALE:

    include: "workflow/rules/scale.smk"


if STUDY.name == "paper":

    include: "workflow/rules/verification.smk"


include: "workflow/rules/provenance.smk"
