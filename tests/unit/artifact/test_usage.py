"""What jobs took is read from the files that they leave."""

import pytest

from qgnn_d2d.artifact import usage
from qgnn_d2d.io import write_json

TOOK = {"process": "train_main_1", "seconds": 2.0, "cpu_seconds": 1.5, "max_rss_mb": 300.0}


def test_a_row_is_a_job(tmp_path):
    write_json(tmp_path / "train_model" / "a.json", TOOK)
    write_json(tmp_path / "judge_claims.json", TOOK | {"process": "judge_claims"})
    (tmp_path / ".b.1.partial.json").write_text("{")
    table = usage.read(tmp_path)
    assert list(table.columns) == usage.COLUMNS
    assert table[["rule", "job"]].values.tolist() == [["judge_claims"] * 2, ["train_model", "train_model/a"]]
    assert usage.read(tmp_path / "nowhere").empty


@pytest.mark.parametrize("content", [{}, TOOK | {"host": "x"}])
def test_a_foreign_file_is_named(tmp_path, content):
    write_json(tmp_path / "a.json", content)
    with pytest.raises(ValueError, match=r"a.json: keys are .*; they must be "):
        usage.read(tmp_path)
