# Trained networks on networks of other sizes. Only for studies whose config has the key `scale`.


rule evaluate_scale:
    input:
        weights=[
            f"{PREFIX}/training/{run}/weights.safetensors" for run in SCALE["runs"]
        ],
    output:
        csv=f"{PREFIX}/scale/{{links}}.csv",
    log:
        f"{PREFIX}/logs/evaluate_scale/{{links}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/evaluate_scale/{{links}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: config["torch"]["threads"]
    resources:
        mem_mb=2500,
        runtime=15,
    params:
        runs=[STUDY.runs[run].as_dict() for run in SCALE["runs"]],
        scenario=SCALE_SCENARIO,
        realizations=SCALE["realizations"],
        max_boxes=SCALE["max_boxes"],
    message:
        "Evaluating trained networks at {wildcards.links} links"
    script:
        "../../scripts/evaluate_scale.py"


# Times and memory: the one table of the study, with the benchmarks, that is not the same in two runs.
rule time_inference:
    input:
        weights=[
            f"{PREFIX}/training/{run}/weights.safetensors" for run in SCALE["runs"]
        ],
    output:
        csv=f"{PREFIX}/scale/inference.csv",
    log:
        f"{PREFIX}/logs/time_inference.log",
    benchmark:
        f"{PREFIX}/benchmarks/time_inference.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2750,
        runtime=20,
    params:
        runs=[STUDY.runs[run].as_dict() for run in SCALE["runs"]],
        scenario=SCALE_SCENARIO,
        links=SCALE["inference"]["links"],
        repeats=SCALE["inference"]["repeats"],
    message:
        "Timing inference against the number of links"
    script:
        "../../scripts/time_inference.py"


rule plot_scale:
    input:
        scaled=scale_files(),
        inference=f"{PREFIX}/scale/inference.csv",
    output:
        pdf=f"{FIGURES}/scale.pdf",
        png=report(
            f"{FIGURES}/scale.png",
            caption="../report/scale.rst",
            category="Figures",
            labels={"figure": "scale", "claims": "C9"},
        ),
        csv=f"{FIGURES}/scale.csv",
        inference=f"{FIGURES}/scale_inference.csv",
    log:
        f"{PREFIX}/logs/plot_scale.log",
    benchmark:
        f"{PREFIX}/benchmarks/plot_scale.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        runs={run: figure_run(run) for run in SCALE["runs"]},
        trained_at=SCALE_SCENARIO["parameters"]["num_links"],
    message:
        "Plotting sum rate and cost against the number of links"
    script:
        "../../scripts/plot_scale.py"


rule scale:
    input:
        figure_files(["scale"]),
