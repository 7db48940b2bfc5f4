rule solve_baselines:
    input:
        test=STUDY.channels("{scenario}", "test"),
        evaluation=STUDY.channels("{scenario}", "evaluation"),
    output:
        test=STUDY.solved("{scenario}", "test.nc"),
        evaluation=STUDY.solved("{scenario}", "evaluation.nc"),
        summary=STUDY.solved("{scenario}", "summary.csv"),
    log:
        STUDY.file("logs", "solve_baselines/{scenario}.log"),
    conda:
        CONDA
    threads: 1
    params:
        code=code("solve_baselines", METHODS.values()),
    message:
        "Solving {wildcards.scenario} with every method"
    script:
        "../../scripts/solve_baselines.py"
