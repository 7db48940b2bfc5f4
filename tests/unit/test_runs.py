"""The harnesses' comparison of two runs, and their count of Slurm's jobs, can fail."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from qgnn_d2d.io import write_json
from tests import runs as harness
from tests.runs import compare
from tests.slurm import run as slurm

FIGURES = {"scale.png": b"\x89PNG %d IEND\xaeB`\x82", "scale.pdf": b"%%PDF-1.4 %d\n%%%%EOF\n"}
CSV = "links,seconds\n5,%d\n"
RECORD = {"rule": "plot", "threads": 1, "inputs": {"a": "1"}, "outputs": {"b": "2"}}


@pytest.fixture
def runs(tmp_path):
    """Two runs that differ in what was measured."""
    for number, name in enumerate(["one", "other"]):
        folder = tmp_path / name
        (folder / "figures").mkdir(parents=True)
        (folder / "figures" / "scale.csv").write_text(CSV % number)
        for figure, content in FIGURES.items():
            (folder / "figures" / figure).write_bytes(content % number)
        (folder / "table.csv").write_text("a\n1\n")
        write_json(folder / "provenance" / "plot.json", RECORD | {"outputs": {"b": str(number)}})
        (folder / "logs").mkdir()
        (folder / "logs" / "plot.log").write_text(name)
    return tmp_path / "one", tmp_path / "other"


def names(paths):
    return sorted(path.name for path in paths)


def test_runs_that_differ_in_what_was_measured_are_equal(runs):
    compared = compare(*runs)
    assert compared.wrong == "" and names(compared.same) == ["table.csv"]
    assert names(compared.equal) == ["plot.json", "scale.csv", "scale.pdf", "scale.png"]


def test_runs_without_a_file_in_common_are_wrong(runs, tmp_path):
    for name in ("nobody", "empty", "logs only"):
        (tmp_path / name).mkdir() if name != "nobody" else None
    (tmp_path / "logs only" / "logs").mkdir()
    (tmp_path / "logs only" / "logs" / "plot.log").write_text("x")
    for name in ("nobody", "empty", "logs only"):
        assert compare(tmp_path / name, tmp_path / name).wrong == "no file in common"
        assert "in one run only: " in compare(runs[0], tmp_path / name).wrong


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("size", [0, 5, -2])
def test_a_figure_of_measured_numbers_is_whole(runs, figure, size):
    path = runs[1] / "figures" / figure
    path.write_bytes(path.read_bytes().rstrip()[:size])
    assert compare(*runs).wrong == f"different: figures/{figure}"


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_of_other_numbers_is_the_same(runs, figure):
    for folder in runs:
        (folder / "figures" / "scale.csv").write_text("links,value\n5,1\n")
    assert figure in compare(*runs).wrong


@pytest.mark.parametrize("change", [{"threads": 2}, {"rule": "tabulate"}, {"inputs": {"c": "1"}}])
def test_records_differ_in_hashes_alone(runs, change):
    write_json(runs[1] / "provenance" / "plot.json", RECORD | change)
    assert compare(*runs).wrong == "different: provenance/plot.json"


# What Snakemake 9.27 and its Slurm plugin 2.8 print.
LINE = "Job {} has been submitted with SLURM jobid {} (log: /x y/.snakemake/slurm_logs/{}/{}.log)."
ASKED = {
    "1": "group_channels_generate_channels",
    "2": "rule_train_main_1",
    "3": "rule_train_main_2",
    "4": "group_summary_plot_figure_tabulate_results",
}
JOBS = {
    "generate_channels/r": "generate_channels",
    "generate_channels/r/pool": "generate_more_channels",
    "train_model/a": "train_main_1",
    "train_model/b": "train_main_1",
    "train_model/c": "train_main_2",
    "plot_figure/fig2": "plot_figure",
}


def count(folder, asked=ASKED, jobs=JOBS, states=None):
    (folder / "log").write_text("\n".join(LINE.format(7, job, where, job) for job, where in asked.items()))
    ended = dict.fromkeys(asked, "COMPLETED") if states is None else states
    (folder / "jobs").write_text(
        "".join(f"JobId={job} UserId=root JobState={state} x\n" for job, state in ended.items())
    )
    for name, process in jobs.items():
        took = {"process": process, "seconds": 1.0, "cpu_seconds": 1.0, "max_rss_mb": 9.0}
        write_json(folder / "usage" / f"{name}.json", took)
    return slurm.check_jobs(folder / "log", folder / "jobs", folder / "usage")


def test_slurm_jobs_of_all_steps_are_counted(tmp_path):
    assert count(tmp_path) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"asked": {}}, "submitted 0 jobs"),
        ({"states": {"1": "COMPLETED", "2": "COMPLETED", "3": "COMPLETED"}}, "not in Slurm's log.: 1"),
        ({"states": dict.fromkeys(ASKED, "FAILED")}, "'FAILED': 4"),
        ({"asked": {job: ASKED[job] for job in "134"}}, "^train_main_1: 0 Slurm jobs for 1 processes$"),
        (
            {"asked": {job: ASKED[job] for job in "234"}},
            "^generate_channels: no Slurm job of the group channels; generate_more_channels: no",
        ),
        ({"jobs": JOBS | {"solve_baselines/r": "solve_baselines"}}, "^solve_baselines: 0 Slurm jobs for 1 processes$"),
        ({"jobs": {}}, "usage: no jobs$"),
    ],
)
def test_steps_that_slurm_did_not_run_are_named(tmp_path, changes, message):
    with pytest.raises(slurm.Failure, match=message):
        count(tmp_path, **changes)


@pytest.mark.parametrize("code", [0, 1])
def test_a_study_that_several_workers_need_is_run_once(code, tmp_path, monkeypatch):
    started = []

    def snakemake(directory, *arguments, within=()):
        started.append(arguments)
        return SimpleNamespace(returncode=code, stdout="out", stderr="error")

    monkeypatch.setattr(harness, "snakemake", snakemake)
    with ThreadPoolExecutor(4) as workers:
        found = list(workers.map(lambda _: harness.once(tmp_path / "smoke", "--cores", "2"), range(8)))
    assert started == [("--cores", "2")]
    assert {(one.returncode, one.stdout, one.stderr) for one in found} == {(code, "out", "error")}
