"""The README's numbers are the reference's."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from qgnn_d2d.report import readme as publication

ROOT = Path(__file__).parents[2]


def publish_reference():
    spec = importlib.util.spec_from_file_location("publish_reference", ROOT / "scripts" / "publish_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_documents_show_the_reference_numbers():
    documents = publish_reference().blocks(ROOT / "results" / "reference")
    assert set(documents) == {"README.md", "docs/informed.md"}
    for name, blocks in documents.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert publication.splice(text, blocks) == text
        assert all(blocks.values())


def test_splice_needs_its_markers():
    with pytest.raises(ValueError, match="no markers for block cost"):
        publication.splice("text", {"cost": "x"})


def test_cost_counts_jobs_and_minutes():
    jobs = pd.DataFrame(
        [
            ("train_model", "train_model/a.tsv", 600.0, 300.0),
            ("train_model", "train_model/b.tsv", 60.0, 60.0),
            ("plot_fig2", "plot_fig2/fig2.tsv", 5.0, 5.0),
        ],
        columns=["rule", "job", "seconds", "cpu_seconds"],
    )
    block = publication.cost_block(jobs, {"cores": 2, "cpu": "a CPU"})
    assert block.startswith("3 jobs of one thread each, 11 minutes one after the other (`train_model` 11.0), so about")
    assert "processor time 6 minutes" in block
    assert publication.training_minutes(jobs) == {"a": 10, "b": 1}


def test_noise_block_shows_percent_of_ideal():
    row = {"noise": "lagos", "percent_of_ideal_low": 90.0, "percent_of_ideal_high": 97.0}
    summary = pd.DataFrame(
        [
            {"noise": "ideal", "mean": 2.0, "low": 1.9, "high": 2.1, "num_seeds": 3, "num_realizations": 4000},
            {"noise": "wmmse", "mean": 3.0},
            {**row, "training": "unaware", "mitigation": "raw", "percent_of_ideal": 93.51},
            {**row, "training": "aware", "mitigation": "raw", "percent_of_ideal": 95.0},
        ]
    ).astype({"num_realizations": "Int64"})
    block = publication.noise_block(summary)
    assert block.startswith("Without noise: 2.000 [1.900, 2.100] bps/Hz over 3 seeds, 4,000 realizations.")
    assert "| `lagos` | 93.5 [90.0, 97.0] |  |  |  | 95.0 [90.0, 97.0] |" in block


def test_informed_block_compares_with_named_runs():
    model = {"split": "evaluation", "metric": "sum_rate", "kind": "model", "low": 3.9, "high": 4.1, "drop_links": 0.2}
    rows = [
        {**model, "method": "q", "mean": 4.0, "percent_of_wmmse": 100.0, "percent_of_optimum": 95.0, "parameters": 683,
         "quantum_parameters": 216, "k": 3, "stars": "competitors"},
        {**model, "method": "g", "mean": 2.0, "percent_of_wmmse": 50.0, "percent_of_optimum": 47.5, "drop_links": None},
    ] + [
        {**model, "method": name, "kind": "solver", "mean": 4.0, "percent_of_wmmse": 100.0, "percent_of_optimum": 95.0}
        for name in ("wmmse", "best_single_link", "on_off_3", "on_off_4", "optimum")
    ]  # fmt: skip
    compared = pd.DataFrame(
        [{"method": "q", "reference": "g", "difference": 2.0, "low": 1.0, "high": 3.0, "p_holm": 1e-9}]
    )
    block = publication.informed_block(pd.DataFrame(rows), compared, ["q", "g"], {"the GCN": "g"})
    expected = (
        "| `q` | 3 competitors | yes | 683 | 216 | 100.0 [97.5, 102.5] | 95.0 | +100.00 [+50.00, +150.00], < 0.001 |"
    )
    assert expected in block
    assert "| `g` | all nodes |  |  |  | 50.0 [97.5, 102.5] | 47.5 |  |" in block


def test_choices_block_ranks_variants():
    record = pd.DataFrame(
        {"trial": [0, 0, 1, 1], "changes": ["as it starts"] * 2 + ["heads = 2"] * 2, "parameters": [683, 683, 271, 271],
         "seed": [0, 1, 0, 1], "value": [1.0, 3.0, 2.0, 4.0]}
    )  # fmt: skip
    lines = publication.choices_block({"a-run": record}).splitlines()
    assert lines[0] == "`a-run`, 2 seeds each:"
    assert lines[4] == "| heads = 2 | 271 | 3.0000 | +50.00 | 2.0000, 4.0000 |"
    assert lines[5] == "| as it starts | 683 | 2.0000 | +0.00 | 1.0000, 3.0000 |"


def test_job_times_are_read_from_the_benchmarks(tmp_path):
    for name, seconds in {"train_model/a.tsv": 2.5, "draw_circuit.tsv": 1.0, "tune_model/a.tsv": 9.0}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00:01\t300\t2.0\n", encoding="utf-8")
    jobs = publish_reference().job_times(tmp_path)
    assert jobs.set_index("rule")["seconds"].to_dict() == {"draw_circuit": 1.0, "train_model": 2.5}
