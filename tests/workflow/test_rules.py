"""What Snakemake makes of the Snakefile and the configs."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from qgnn_d2d import figures, settings
from qgnn_d2d.figures import FIGURES, style
from qgnn_d2d.io import read_csv
from qgnn_d2d.report import html
from tests.runs import ROOT, SMOKE, rules

PAPER = ROOT / "config" / "paper.yaml"


@pytest.mark.parametrize("script", rules())
def test_the_logs_of_a_rule_bear_its_scripts_name(script):
    assert (ROOT / "scripts" / f"{script}.py").is_file()
    for body in rules()[script]:
        assert re.search(rf'STUDY\.file\(\s*"logs",\s*f?"{script}[/.]', body), body
        for directive in ("threads:", "conda:", "message:"):
            assert directive in body, f"{directive} of a rule of {script}"
        # Kernels are no result (see the rule), and what has no output runs whenever it is asked for.
        if re.search(r"(?m)^ +output:$", body) and script != "compile_kernels":
            assert re.search(rf'code=(lambda wildcards: )?code\(\s*"{script}"', body), body


def test_every_script_is_a_rules_or_a_make_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for path in (ROOT / "scripts").glob("[!_]*.py"):
        assert path.stem in rules() or f"scripts/{path.name}" in makefile, path.name


def test_code_repeats_a_job_by_its_hash_and_not_by_a_files_time():
    profile = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text(encoding="utf-8"))
    assert {"params", "mtime", "input"} <= set(profile["rerun-triggers"]) and "code" not in profile["rerun-triggers"]


@pytest.mark.parametrize("config", [PAPER, SMOKE], ids=lambda path: path.stem)
def test_the_dag_builds_with_all_figures_tables_and_claims(config, snakemake, tmp_path):
    done = snakemake(tmp_path, "--dry-run", "--configfile", str(config))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    study = settings.read(config)
    wanted = [f"{study.figures}/{name}.png" for name in figures.for_study(study)]
    for path in [*wanted, *study.table_files, *study.claim_files, *study.redraw_files]:
        assert path in done.stdout, path
    trained = re.findall(r"Training all seeds of (.+)", done.stdout)
    assert sorted(run for group in trained for run in group.split(", ")) == sorted(study.runs)


def test_a_mistake_stops_snakemake_with_one_line(snakemake, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"extends": str(SMOKE), "splits": {"train": 0}}), encoding="utf-8")
    done = snakemake(tmp_path, "--dry-run", "--configfile", str(file))
    assert done.returncode != 0
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip().startswith("config:")]
    assert lines == ["config: splits.train is 0; it must be at least 1"]
    assert "Traceback" not in done.stderr


def test_an_untuned_run_can_be_tuned_but_not_trained(snakemake, tmp_path):
    file = tmp_path / "config.yaml"
    content = {"extends": str(PAPER), "tuned": {"geometric": None}, "experiments": {"main": None, "redraws": None}}
    content |= {"claims": None, "scale": None, "noise": None, "gradients": None, "search": None}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    stopped = snakemake(tmp_path, "--dry-run", "--configfile", str(file))
    assert stopped.returncode != 0
    assert "run geometric-stated-qgnn stand neither under tuned" in stopped.stdout + stopped.stderr
    done = snakemake(tmp_path, "--dry-run", "tune", "--configfile", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_figure_is_drawn_whatever_the_backend_and_the_rc_file_of_the_caller(snakemake, tmp_path):
    # The fixture's MPLBACKEND is no backend at all.
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: 20\nlines.linewidth: 9\n")
    done = snakemake(tmp_path, "fig1_circuit", "--cores", "1", "--configfile", str(SMOKE))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    found = tmp_path / "results" / "smoke" / "figures" / "fig1_circuit"
    figure = FIGURES["fig1_circuit"].draw(read_csv(found.with_suffix(".csv")))
    style.mark(figure, html.BANNER)
    for suffix in (".pdf", ".png"):  # in the job's order: each lays the figure out once more
        style.save(figure, tmp_path / f"expected{suffix}")
        assert found.with_suffix(suffix).read_bytes() == (tmp_path / f"expected{suffix}").read_bytes()


def test_make_needs_no_home_that_can_be_written_to(tmp_path):
    listed = subprocess.run(["make", "-pn", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    run = next(line for line in listed.splitlines() if line.startswith("RUN := ")).removeprefix("RUN := ")
    closed = {key: value for key, value in os.environ.items() if key != "XDG_CACHE_HOME"} | {"HOME": "/proc/closed"}
    snakefile, config = ROOT / "Snakefile", ROOT / "config" / "smoke.yaml"
    command = f"{run.replace('$$', '$')} {sys.executable} -m snakemake -n --snakefile {snakefile} --configfile {config}"
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=closed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


SMALL = {
    "study": "mine", "seed": 1, "num_seeds": 2,
    "splits": {"train": 4, "validation": 4, "test": 4, "evaluation": 4},
    "scenarios": {"small": {"kind": "rayleigh", "num_links": 4}},
    "experiments": {"main": [{"model": "gcn"}]},
}  # fmt: skip


def test_a_study_of_ones_own_is_tuned_by_its_search_file(snakemake, tmp_path):
    search = {"tuning": {"trials": 2, "num_seeds": 2, "batch_size": [2], "epochs": [2]}}
    search["choices"] = {"num_seeds": 2, "runs": {"small-stated-gcn": {"start": {"epochs": 1}, "trials": [{}]}}}
    search["choices"]["runs"]["small-stated-gcn"]["start"] |= {"learning_rate": 0.01, "batch_size": 2}
    for name, content in {"search": search, "config": SMALL | {"search": "search.yaml"}}.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    done = snakemake(tmp_path, "tune", "--cores", "1", "--configfile", str(tmp_path / "config.yaml"))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    record = (tmp_path / "results/mine/tuning/small-stated-gcn.csv").read_text(encoding="utf-8")
    assert len(record.splitlines()) == 1 + 2 * 2
    assert (tmp_path / "results/mine/choices/small-stated-gcn.csv").is_file()


def test_a_small_study_of_ones_own_has_the_figures_that_fit_it(snakemake, tmp_path):
    file = tmp_path / "config.yaml"
    content = SMALL | {
        "training": {"learning_rate": 0.01, "batch_size": 2, "epochs": 2},
        "experiments": {"main": [{"model": ["qgnn", "gcn"]}]},
    }
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    done = snakemake(tmp_path, "--dry-run", "--configfile", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tables/main.csv" in done.stdout and "scale" not in done.stdout
    assert not re.search("KeyError|Exception|Error", done.stdout + done.stderr)
