# The whole study as one DAG. `snakemake --cores all` runs config/paper.yaml; --configfile takes another study.
# Named targets: fig1, fig2, noise, shots, resources, figures, tables, claims, and, not part of `all`, ablation,
# tune, hardware.

if not workflow.overwrite_configfiles:

    configfile: f"{workflow.basedir}/config/paper.yaml"


include: "workflow/rules/common.smk"


rule all:
    default_target: True
    input:
        figure_files(["fig1_circuit", *STUDY_FIGURES, *NOISE_FIGURES]),
        table_files(),
        claim_files(),


include: "workflow/rules/channels.smk"
include: "workflow/rules/solvers.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"


if NOISE_NAMES:

    include: "workflow/rules/noise.smk"


if ABLATION:

    include: "workflow/rules/ablation.smk"
