# What a study wrote is tested before it counts as finished.
rule check_outputs:
    input:
        figure_files(*FIGURES),
        STUDY.table_files,
        STUDY.claim_files,
        STUDY.redraw_files,
    output:
        STUDY.file("checked.json"),
    log:
        STUDY.file("logs", "check_outputs.log"),
    conda:
        CONDA
    threads: 1
    params:
        code=code("check_outputs"),
    message:
        "Testing what the study wrote"
    script:
        "../../scripts/check_outputs.py"
