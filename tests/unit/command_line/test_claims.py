"""`claims`: the verdicts that the study wrote."""

import shutil

from qgnn_d2d.artifact.trained import ROOT, find
from qgnn_d2d.io import read_json

REFERENCE = ROOT / "results" / "reference"


def test_the_shipped_verdicts_are_shown(shell):
    shell.results = REFERENCE
    shell.environment["QGNN_D2D_RESULTS"] = str(REFERENCE)
    assert shell.json("claims") == read_json(REFERENCE / "claims.json")
    text = shell("claims").stdout
    assert all(f"C{number}" in text for number in range(1, 11)) and "not reproduced" in text
    assert [one["id"] for one in shell.json("claims", "C2")["claims"]] == ["C2"]
    assert "claim is 'C11'; it must be one of: C1" in shell.refused("claims", "C11")


def test_without_a_folder_named_they_are_the_shipped_ones():
    assert find().results == REFERENCE
    assert find().run("rayleigh-stated-qgnn_informed").model == "qgnn_informed"


def test_claims_of_a_test_of_the_workflow_come_with_a_warning(shell, results):
    folder = shell.folder / "results" / "mine"
    shutil.copytree(results, folder)
    text = (results.parents[1] / "config" / "mine.yaml").read_text(encoding="utf-8")
    (shell.folder / "config").mkdir()
    (shell.folder / "config" / "mine.yaml").write_text(text + "cap: {epochs: 1}\n", encoding="utf-8")
    shutil.copy(REFERENCE / "claims.json", folder)
    assert "its numbers mean nothing" in shell("claims", "--results", folder).stderr


def test_a_study_without_claims_is_one_line(shell):
    assert "claims.json: no such file" in shell.refused("claims")
