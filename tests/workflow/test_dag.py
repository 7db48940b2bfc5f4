import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

from qgnn_d2d.analysis import optimality
from qgnn_d2d.analysis.evaluation import METHODS, OPTIMUM_GAP
from qgnn_d2d.figures import fig2
from qgnn_d2d.figures.style import save
from qgnn_d2d.quantum.hardware.devices import ROLES
from qgnn_d2d.quantum.mitigation import MITIGATIONS
from qgnn_d2d.settings import configuration
from tests import runs

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SMOKE = ROOT / "config" / "smoke.yaml"
CONFIG = yaml.safe_load(SMOKE.read_text(encoding="utf-8"))
STUDY = configuration.load(CONFIG)[0]
P_VALUE = 1e-6  # of a fixed seed: below it, Aer's shots do not follow the law
RTOL_FLOAT32 = 1e-5  # curves are scored in float32, tables in float64
RESULTS = Path("results") / "smoke"
RUNS = [run for name in STUDY.scenarios for run in STUDY.tables[name]]
RUNS += [CONFIG["noise"]["aware"].format(noise=name) for key in ("devices", "levels") for name in CONFIG["noise"][key]]


@pytest.mark.parametrize("run", RUNS)
def test_every_run_has_finite_curves_weights_and_manifest(smoke, run):
    folder, settings = smoke / RESULTS / "training" / run, STUDY.runs[run]
    curves = pd.read_csv(folder / "curves.csv")
    assert list(curves.columns) == ["run", "seed", "epoch", "split", "metric", "value"]
    assert len(curves) == 2 * settings.num_seeds * (settings.training.epochs + 1)
    assert set(curves["epoch"]) == set(range(settings.training.epochs + 1))
    assert set(curves["split"]) == {"train", "test"}
    assert np.isfinite(curves["value"]).all()
    assert (folder / "weights.safetensors").stat().st_size > 0
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["settings"] == settings.as_dict()


@pytest.mark.parametrize("scenario", STUDY.scenarios)
def test_channels_and_solver_outputs_have_named_dimensions_units_and_sizes(smoke, scenario):
    for split in ("train", "test", "evaluation"):
        with xr.open_dataset(smoke / RESULTS / "channels" / scenario / f"{split}.nc", engine="h5netcdf") as channels:
            assert channels.sizes["realization"] == STUDY.splits[split]
    for split in ("test", "evaluation"):
        with xr.open_dataset(smoke / RESULTS / "solvers" / scenario / f"{split}.nc", engine="h5netcdf") as solved:
            assert solved["power"].dims == ("solver", "realization", "link")
            assert solved["sum_rate"].attrs["units"] == "bps/Hz"
            assert list(solved["solver"].values) == list(METHODS)
            assert ("released_wmmse_rate" in solved) == (scenario != "geometric")
            for metric, bound in (("sum_rate", "upper_bound"), ("released_metric", "released_upper_bound")):
                best = solved[metric].sel(solver="optimum")
                assert (best <= solved[bound]).all() and (solved[bound] <= best * (1 + OPTIMUM_GAP)).all()
                assert (solved[metric] <= solved[bound]).all()


@pytest.mark.parametrize("name", STUDY.scenarios)
def test_tables_hold_every_method_once_per_split_and_metric(smoke, name):
    table = pd.read_csv(smoke / RESULTS / "tables" / f"{name}.csv")
    for split in ("test", "evaluation"):
        for metric in ("sum_rate", "released_metric"):
            part = table[(table["split"] == split) & (table["metric"] == metric)]
            assert part["method"].tolist() == [*STUDY.tables[name], *METHODS]
    assert np.isfinite(table["mean"]).all()
    assert table["protocol"].isin(["stated", "released"]).all()
    assert ((table["low"] <= table["mean"]) & (table["mean"] <= table["high"])).all()
    wmmse = table[(table["method"] == "wmmse") & (table["metric"] == "sum_rate")]
    assert wmmse["percent_of_wmmse"].to_numpy() == pytest.approx(100)
    markdown = (smoke / RESULTS / "tables" / f"{name}.md").read_text(encoding="utf-8")
    assert all(f"| {run} |" in markdown for run in STUDY.tables[name])


def test_tables_repeat_the_last_epoch_of_the_curves(smoke):
    table = pd.read_csv(smoke / RESULTS / "tables" / "rayleigh.csv")
    for run in STUDY.tables["rayleigh"]:
        curves = pd.read_csv(smoke / RESULTS / "training" / run / "curves.csv")
        last = curves[(curves["epoch"] == curves["epoch"].max()) & (curves["split"] == "test")]
        row = table[(table["method"] == run) & (table["split"] == "test") & (table["metric"] == last["metric"].iloc[0])]
        assert row["mean"].item() == pytest.approx(last["value"].mean(), rel=RTOL_FLOAT32)


@pytest.mark.parametrize("figure", CONFIG["figures"])
def test_figures_show_the_configured_runs(smoke, figure):
    folder = smoke / RESULTS / "figures"
    data = pd.read_csv(folder / f"{figure}.csv")
    for panel, protocol in configuration.PANEL_PROTOCOLS.items():
        shown = data[(data["panel"] == protocol) & (data["kind"] == ("thin" if panel == "thin" else "curve"))]
        assert list(dict.fromkeys(shown["run"])) == CONFIG["figures"][figure].get(panel, [])
    assert np.isfinite(data["mean"]).all()
    assert (data["kind"] == "line").sum() == 5
    units = data[(data["panel"] == "released") & (data["kind"] == "line")].set_index("metric")["unit"]
    assert units["released_wmmse_rate"] == "nats"
    for suffix, magic in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        content = (folder / f"{figure}.{suffix}").read_bytes()
        assert content.startswith(magic) and len(content) > 5_000


def test_shares_of_realizations_near_the_optimum_rise_to_one(smoke):
    folder = smoke / RESULTS / "figures"
    data = pd.read_csv(folder / "optimality.csv")
    for protocol in ("stated", "released"):
        panels = [panel for panel, of_panel in configuration.PANEL_PROTOCOLS.items() if of_panel == protocol]
        runs = [run for panel in panels for run in CONFIG["figures"]["fig2"].get(panel, [])]
        shown = data[data["panel"] == protocol]
        assert shown["method"].drop_duplicates().tolist() == [*optimality.SOLVERS, *runs]
        for _, curve in shown.groupby("method"):
            assert curve["gap_percent"].to_numpy() == pytest.approx(optimality.GAPS)
            assert curve["share"].is_monotonic_increasing and curve["share"].between(0, 1).all()
            assert curve["share"].iloc[-1] == 1
    for suffix in ("png", "pdf"):
        assert (folder / f"optimality.{suffix}").stat().st_size > 5_000


def test_the_informed_figure_holds_leaves_sizes_noise_and_what_needs_no_learning(smoke):
    settings = CONFIG["informed"]
    data = pd.read_csv(smoke / RESULTS / "figures" / "informed.csv")
    panels = {panel: part for panel, part in data.groupby("panel")}
    for panel in ("leaves", "sizes", "noise"):
        table = pd.read_csv(smoke / RESULTS / "tables" / f"{settings[panel]}.csv")
        runs = set(table.loc[table["kind"] == "model", "method"])
        mains = {run for run in settings["mains"] if panel == "sizes" or (panel == "leaves" and "informed" in run)}
        assert set(panels[panel]["method"]) == runs | mains
    assert {"wmmse", "on_off_3", "on_off_4", "best_single_link", "optimum"} <= set(panels["baselines"]["method"])
    main = panels["sizes"].set_index("method")["mean"][settings["ideal"]]
    noise = panels["noise"]
    assert noise["percent_of_ideal"].to_numpy() == pytest.approx(100 * noise["mean"] / main)
    assert noise["device"].tolist() == ["FakeLagosV2"]


def test_networks_of_other_sizes_are_scored(smoke):
    settings = CONFIG["scale"]
    for links in settings["links"]:
        table = pd.read_csv(smoke / RESULTS / "scale" / f"{links}.csv")
        assert set(table["method"]) >= {*settings["runs"], "wmmse", "optimum"}
        assert (table["num_links"] == links).all() and (table["value"].dropna() > 0).all()
    shown = pd.read_csv(smoke / RESULTS / "figures" / "scale.csv")
    assert sorted(shown["num_links"].unique()) == settings["links"]
    wmmse = shown[shown["method"] == "wmmse"]
    assert wmmse["percent_of_wmmse"].to_numpy() == pytest.approx(100)
    costs = pd.read_csv(smoke / RESULTS / "scale" / "inference.csv")
    assert len(costs) == len(settings["runs"]) * len(settings["inference"]["links"]) and (costs["seconds"] > 0).all()


def test_claims_have_a_verdict_each_on_all_kinds_of_evidence(smoke):
    judged = json.loads((smoke / RESULTS / "claims.json").read_text(encoding="utf-8"))["claims"]
    assert [claim["id"] for claim in judged] == [f"C{i}" for i in range(1, 11)]
    assert all(claim["measurements"] and claim["why"] for claim in judged)
    assert all(sum(item["primary"] for item in claim["measurements"]) >= 1 for claim in judged)


def test_noise_summary_holds_every_noise_model_training_and_mitigation(smoke):
    table = pd.read_csv(smoke / RESULTS / "noise" / "summary.csv")
    assert table["noise"].tolist()[:2] == ["ideal", "wmmse"]
    for key, trainings in (("devices", 2), ("levels", 2), ("unaware", 1)):
        for noise in CONFIG["noise"][key]:
            part = table[table["noise"] == noise]
            expected = [("unaware", name) for name in MITIGATIONS] + [("aware", "raw")] * (trainings - 1)
            assert list(zip(part["training"], part["mitigation"], strict=True)) == expected
    assert np.isfinite(table["mean"]).all()
    assert (table["num_realizations"] == STUDY.splits["evaluation"]).all()
    noisy = table[(table["noise"] == "lagos") & (table["mitigation"] == "raw")]
    assert (noisy["mean"] != table["mean"].iloc[0]).all()


def test_the_ideal_device_of_the_noise_study_is_the_results_table(smoke):
    noise = pd.read_csv(smoke / RESULTS / "noise" / "summary.csv").set_index("noise")["mean"]
    table = pd.read_csv(smoke / RESULTS / "tables" / f"{STUDY.runs[CONFIG['noise']['run']].scenario}.csv")
    rows = table[(table["split"] == "evaluation") & (table["metric"] == "sum_rate")].set_index("method")["mean"]
    assert noise["ideal"] == pytest.approx(rows[CONFIG["noise"]["run"]], rel=RTOL_FLOAT32)
    assert noise["wmmse"] == pytest.approx(rows["wmmse"])


def test_shots_cover_every_number_and_aer_obeys_the_law(smoke):
    shots = pd.read_csv(smoke / RESULTS / "figures" / "shots.csv").dropna(subset="shots")
    assert sorted(shots["shots"].unique()) == CONFIG["noise"]["shots"]
    assert set(shots["noise"]) == set(CONFIG["noise"]["devices"])
    aer = pd.read_csv(smoke / RESULTS / "figures" / "shots_aer.csv")
    assert aer.groupby("noise")["mitigation"].apply(list).tolist() == [list(MITIGATIONS)] * 2
    assert (aer["p_value"] > P_VALUE).all()


def test_devices_are_lines_of_real_qubits(smoke):
    devices = pd.read_csv(smoke / RESULTS / "noise" / "devices.csv").set_index("noise")
    for noise in CONFIG["noise"]["devices"]:
        row = devices.loc[noise]
        assert len({row[f"{role}_qubit"] for role in ROLES}) == len(ROLES)
        assert 0 < row["center_reads_1_in_0"] < 1


def test_hardware_path_runs_in_local_testing_mode(smoke, snakemake):
    done = snakemake(smoke, "hardware", "--cores", "1", "--configfile", str(SMOKE))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    settings = CONFIG["noise"]["hardware"]
    table = pd.read_csv(smoke / RESULTS / "hardware" / f"{settings['backend']}.csv")
    assert table["seed"].tolist() == list(range(CONFIG["num_seeds"]))
    assert (table["value"] > 0).all() and (table["value"] != table["ideal"]).all()


def test_circuit_is_drawn(smoke):
    for suffix in ("png", "pdf"):
        assert (smoke / RESULTS / "figures" / f"fig1_circuit.{suffix}").stat().st_size > 5_000


def test_figures_are_byte_stable(smoke, tmp_path):
    data = pd.read_csv(smoke / RESULTS / "figures" / "fig2.csv")
    for suffix in ("png", "pdf"):
        for name in "ab":
            save(fig2.sum_rate_curves(data), tmp_path / f"{name}.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_the_smoke_study_ran_without_a_network(smoke):
    if not runs.offline():
        pytest.skip("this machine permits no network namespace (unshare --net)")
    assert runs.connects() and not runs.connects(runs.offline())  # what the fixture started it with


def test_nothing_partial_and_no_checkpoint_is_left(smoke):
    assert not list((smoke / "results").rglob("*.partial*"))
    assert not list((smoke / RESULTS / "checkpoints").glob("*"))
    assert not (smoke / "figures").exists()  # belongs to the paper's study


def test_a_second_run_has_nothing_to_do(smoke, snakemake):
    again = snakemake(smoke, "--cores", "1", "--configfile", str(SMOKE))
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr


def test_every_job_wrote_a_log_and_a_benchmark(smoke):
    for rule in _rules():
        if rule not in (
            "tune_model",
            "try_choices",
            "run_hardware",
            "verify",
            "provenance",
        ):  # not part of `all`
            for folder in ("logs", "benchmarks"):
                found = [path for path in (smoke / RESULTS / folder).rglob("*.*") if rule in str(path)]
                assert found, f"{folder} of {rule}"


def _rules() -> dict[str, str]:
    """Return the rules that compute, by name."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))
    blocks = re.split(r"(?m)^rule (\w+):", text)[1:]
    return {name: body for name, body in zip(blocks[::2], blocks[1::2], strict=True) if "script:" in body}


def test_rule_script_log_and_benchmark_have_one_name():
    for rule, body in _rules().items():
        assert f'"../../scripts/{rule}.py"' in body
        assert (ROOT / "scripts" / f"{rule}.py").is_file()
        # A benchmark would keep these, which have no output, from running again.
        for folder in ("logs",) if rule in ("verify", "provenance") else ("logs", "benchmarks"):
            assert re.search(rf'f"{{PREFIX}}/{folder}/{rule}[/.]', body), f"{folder} of {rule}"
        for directive in ("threads:", "resources:", "conda:", "message:"):
            assert directive in body, f"{directive} of {rule}"
