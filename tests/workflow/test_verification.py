"""The rule `verify`, and the comparison of what the rules really write."""

import shutil
from pathlib import Path

import pytest

from qgnn_d2d.artifact import compare as verification
from tests.unit.test_verification import LOCK, script

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("study", ["paper", "smoke"])
def test_only_the_papers_study_is_verified(study, snakemake, tmp_path):
    done = snakemake(tmp_path, "verify", "--dry-run", "--configfile", str(ROOT / "config" / f"{study}.yaml"))
    if study == "paper":
        assert done.returncode == 0, done.stderr[-3000:]
        assert "Comparing with the committed numbers" in done.stdout + done.stderr
    else:
        assert done.returncode != 0 and "No rule to produce verify" in done.stdout + done.stderr


@pytest.mark.slow
def test_a_study_agrees_with_the_reference_made_of_it(smoke, tmp_path, monkeypatch):
    shutil.copytree(smoke / "results" / "smoke", tmp_path / "paper")
    reference = tmp_path / "reference"
    script("publish_reference", monkeypatch).write_reference(tmp_path, reference)
    files = tmp_path / "verification.csv", tmp_path / "verification.md"
    text, misses = script("verify", monkeypatch).verify(tmp_path / "paper", reference, LOCK, *files)
    assert misses == 0, text
    table = verification.compare(verification.load(reference), verification.load(reference), same_machine=False)
    expected = [
        "channels",
        "finals, mean over seeds",
        "tables",
        "noise study",
        "devices",
        "resources",
        "scale",
        "claims",
    ]
    assert set(table["what"]) == set(expected)
