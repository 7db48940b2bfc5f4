rule solve_baselines:
    input:
        test=f"{PREFIX}/channels/{{scenario}}/test.nc",
        evaluation=f"{PREFIX}/channels/{{scenario}}/evaluation.nc",
    output:
        test=f"{PREFIX}/solvers/{{scenario}}/test.nc",
        evaluation=f"{PREFIX}/solvers/{{scenario}}/evaluation.nc",
        summary=f"{PREFIX}/solvers/{{scenario}}/summary.csv",
    log:
        f"{PREFIX}/logs/solve_baselines/{{scenario}}.log",
    benchmark:
        f"{PREFIX}/benchmarks/solve_baselines/{{scenario}}.tsv"
    conda:
        "../../envs/artifact.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    message:
        "Solving {wildcards.scenario} with WMMSE and the heuristics"
    script:
        "../../scripts/solve_baselines.py"
