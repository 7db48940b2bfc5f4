"""The rule `verify`: a study is compared with the numbers that are committed to."""

from tests.runs import SMOKE


def test_a_study_without_a_reference_is_refused_in_one_line(smoke_copy, snakemake):
    done = snakemake(smoke_copy, "verify", "--cores", "1", "--configfile", str(SMOKE))
    assert done.returncode != 0
    assert "verify: results/reference holds the numbers of the study paper; this is the study smoke" in (
        done.stdout + done.stderr
    )
