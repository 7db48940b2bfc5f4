rule solve_baselines:
    input:
        train=STUDY.channels("{scenario}", "train"),
        test=STUDY.channels("{scenario}", "test"),
        evaluation=STUDY.channels("{scenario}", "evaluation"),
    output:
        train=STUDY.solved("{scenario}", "train.nc"),
        test=STUDY.solved("{scenario}", "test.nc"),
        evaluation=STUDY.solved("{scenario}", "evaluation.nc"),
        summary=STUDY.solved("{scenario}", "summary.csv"),
    log:
        STUDY.file("logs", "solve_baselines/{scenario}.log"),
    conda:
        CONDA
    threads: 1
    params:
        settings=lambda wildcards: STUDY.scenarios[wildcards.scenario].optimum_text,
        code=code("solve_baselines", METHODS.values()),
    message:
        "Solving {wildcards.scenario} with every method"
    script:
        "../../scripts/solve_baselines.py"
