"""Every file of a finished study holds what it should: named, complete, finite, consistent with the others."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from qgnn_d2d import figures
from qgnn_d2d.objective import QUANTITIES, trained_quantity
from qgnn_d2d.quantum.hardware.devices import ROLES
from qgnn_d2d.quantum.mitigation import MITIGATIONS
from qgnn_d2d.solvers import METHODS
from qgnn_d2d.training.trainer import MAX_POINTS

P_VALUE = 1e-6  # of a fixed seed: below it, Aer's shots do not follow the law
RTOL_FLOAT32 = 1e-5  # curves are scored in float32, tables in float64
SMALLEST_FIGURE = 5_000  # bytes


def test_curves_weights_and_manifest_are_those_of_the_run(study, run):
    settings = study.runs[run]
    curves = pd.read_csv(study.trained(run, "curves.csv"))
    assert list(curves.columns) == ["run", "seed", "epoch", "split", "metric", "value"]
    epochs = settings.training.epochs
    step = max(1, epochs // MAX_POINTS)
    assert set(curves["epoch"]) == {*range(0, epochs + 1, step), epochs}
    splits = {"train", "test"} if settings.num_links is None else {"train"}  # a scale study evaluates its runs
    running = curves["split"] == "train_running"  # the mean over an epoch's batches: none before the first
    assert running.sum() == settings.training.running_mean * settings.num_seeds * (curves["epoch"].nunique() - 1)
    curves = curves[~running]
    assert len(curves) == len(splits) * settings.num_seeds * curves["epoch"].nunique()
    assert set(curves["split"]) == splits
    assert set(curves["metric"]) == {trained_quantity(settings.protocol).name}
    assert np.isfinite(curves["value"]).all()
    assert Path(study.trained(run, "weights.safetensors")).stat().st_size > 0
    manifest = json.loads(Path(study.trained(run, "manifest.json")).read_text(encoding="utf-8"))
    assert manifest["settings"] == settings.as_dict()


def test_channels_and_solvers_have_named_dimensions_units_and_sizes(study, scenario):
    for split in ("train", "test", "evaluation"):
        with xr.open_dataset(study.channels(scenario, split), engine="h5netcdf") as channels:
            assert channels.sizes["realization"] == study.splits[split]
    for split in ("test", "evaluation"):
        with xr.open_dataset(study.solved(scenario, f"{split}.nc"), engine="h5netcdf") as solved:
            assert solved["power"].dims == ("solver", "realization", "link")
            has_optimum = bool(study.scenarios[scenario].optimum)
            assert list(solved["solver"].values) == [name for name in METHODS if has_optimum or name != "optimum"]
            for quantity in QUANTITIES.values():
                if quantity.name in solved:
                    assert solved[quantity.name].attrs["units"] == quantity.unit
                if quantity.bound is not None and has_optimum:
                    best, bound = solved[quantity.name].sel(solver="optimum"), solved[quantity.bound]
                    assert (best <= bound).all() and (solved[quantity.name] <= bound).all()
                    within = bound <= best * (1 + solved.attrs["gap"])
                    assert (solved[quantity.certificate] == within).all()


def test_tables_hold_every_method_once_per_split_and_quantity(study, experiment):
    table, scenario = pd.read_csv(study.table(experiment)), study.scenario_of(experiment)
    for split in ("test", "evaluation"):
        with xr.open_dataset(study.solved(scenario, f"{split}.nc"), engine="h5netcdf") as solved:
            for quantity in (one for one in QUANTITIES.values() if one.bound is not None):
                part = table[(table["split"] == split) & (table["metric"] == quantity.name)]
                certified = solved.get(quantity.certificate)
                methods = [name for name in METHODS if certified is not None or name != "optimum"]
                if certified is not None and not certified.all():
                    methods = [*("best_found" if name == "optimum" else name for name in methods), "bound"]
                assert part["method"].tolist() == [*study.experiments[experiment], *methods]
    assert np.isfinite(table["mean"]).all()
    several = table["low"].notna()
    assert ((table["low"] <= table["mean"]) & (table["mean"] <= table["high"]))[several].all()
    wmmse = table[(table["method"] == "wmmse") & (table["metric"] == "sum_rate")]
    assert wmmse["percent_of_wmmse"].to_numpy() == pytest.approx(100)
    markdown = Path(study.table(experiment)).with_suffix(".md").read_text(encoding="utf-8")
    assert all(run in markdown for run in study.experiments[experiment])


def test_tables_repeat_the_last_epoch_of_the_curves(study, experiment):
    table = pd.read_csv(study.table(experiment)).set_index(["method", "split", "metric"])["mean"]
    for run in study.experiments[experiment]:
        curves = pd.read_csv(study.trained(run, "curves.csv"))
        last = curves[(curves["epoch"] == curves["epoch"].max()) & (curves["split"] == "test")]
        assert table[run, "test", last["metric"].iloc[0]] == pytest.approx(last["value"].mean(), rel=RTOL_FLOAT32)


def test_networks_of_other_sizes_are_scored(study, scale_and_links):
    name, links = scale_and_links
    table, scale = pd.read_csv(study.file("scale", name, f"{links}.csv")), study.config.scale[name]
    has_optimum = bool(study.scenarios[study.runs[scale.runs[0]].scenario].optimum)
    wanted = {*scale.evaluated(links), *scale.reference}
    assert set(table["method"]) >= wanted and ("optimum" in set(table["method"])) == has_optimum
    assert (table["num_links"] == links).all() and (table["value"].dropna() > 0).all()
    again = table[table["method"].isin(scale.trainings)]
    assert (again["trained_at"] == links).all()
    values = xr.open_dataset(study.file("scale", name, f"{links}.nc"), engine="h5netcdf")
    means = table.set_index(["method", "seed"])["value"]
    for copy in values.transpose("copy", ...).to_dataframe().groupby(level="copy"):
        run, seed = copy[1][["run", "seed"]].iloc[0]
        assert means[run, seed] == pytest.approx(copy[1]["sum_rate"].mean())


def test_the_noise_summary_holds_every_training_and_mitigation(study, noise):
    table = pd.read_csv(study.file("noise", "summary.csv"))
    part = table[table["noise"] == noise]
    trainings = study.noise_runs(noise)
    expected = [("unaware", name) for name in MITIGATIONS] + [("aware", "raw")] * ("aware" in trainings)
    assert list(zip(part["training"], part["mitigation"], strict=True)) == expected
    assert np.isfinite(part["mean"]).all()
    row = pd.read_csv(study.file("noise", "devices.csv")).set_index("noise").loc[noise]
    if study.noise_models[noise].device is not None:
        assert len({row[f"{role}_qubit"] for role in ROLES}) == len(ROLES)


def test_the_noise_study_without_noise_is_the_results_table(study):
    if study.config.noise is None:
        return
    run = study.config.noise.run
    summary = pd.read_csv(study.file("noise", "summary.csv")).set_index("noise")["mean"]
    (experiment,) = [name for name in study.comparisons if run in study.experiments[name]]
    table = pd.read_csv(study.table(experiment))
    rows = table[(table["split"] == "evaluation") & (table["metric"] == "sum_rate")].set_index("method")["mean"]
    assert summary["ideal"] == pytest.approx(rows[run], rel=RTOL_FLOAT32)
    assert summary["wmmse"] == pytest.approx(rows["wmmse"])


def test_aer_obeys_the_engines_law(study):
    for name in study.config.noise.devices if study.config.noise is not None else []:
        aer = pd.read_csv(study.file("noise", name, "aer.csv"))
        assert aer["mitigation"].tolist() == list(MITIGATIONS)
        assert (aer["p_value"] > P_VALUE).all()


def test_claims_have_a_verdict_and_a_reason_each(study):
    for path in study.claim_files[:1]:
        judged = json.loads(Path(path).read_text(encoding="utf-8"))["claims"]
        assert [claim["id"] for claim in judged] == [f"C{i}" for i in range(1, len(judged) + 1)]
        assert all(claim["verdict"] and claim["why"] for claim in judged)


def test_redraws_are_tabled_by_draw_and_claims_say_what_follows(study):
    for path in study.redraw_files[:1]:
        table = pd.read_csv(path)
        rows = table[table["kind"] == "model"].set_index(["name", "draw"])
        drawn = {(base, study.runs[run].train_draw or 0) for base, runs in study.redraws.items() for run in runs}
        assert set(rows.index) == drawn
        for (base, draw), mean in rows["mean"].items():
            name = study.redraws[base][0] if draw == 0 else f"{base}-d{draw:.0f}"
            scored = xr.open_dataset(study.trained(name, "evaluation.nc"), engine="h5netcdf")
            quantity = trained_quantity(study.runs[name].protocol).name
            solved = xr.open_dataset(study.solved(study.runs[name].scenario, "evaluation.nc"), engine="h5netcdf")
            line = solved[quantity].sel(solver="wmmse").mean().item()
            seeds = scored["seed"] < rows["num_seeds"].iloc[0]
            assert mean == pytest.approx(100 * scored[quantity].values[seeds].mean() / line)
        for claims in study.claim_files[:1]:
            judged = json.loads(Path(claims).read_text(encoding="utf-8"))["claims"]
            having = {claim["id"] for claim in judged if "redraws" in claim}
            assert having <= set(table.loc[table["kind"] == "claim", "name"])


def test_figures_are_drawn_with_their_numbers_beside_them(study):
    for name in figures.for_study(study):
        for suffix, magic in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
            content = Path(study.figures, f"{name}.{suffix}").read_bytes()
            assert content.startswith(magic) and len(content) > SMALLEST_FIGURE, name
        assert len(pd.read_csv(Path(study.figures, f"{name}.csv"))), name


def test_nothing_partial_is_left_and_one_checkpoint_of_a_run_at_most(study):
    assert not list(Path(study.results).rglob("*.partial*"))
    kept = [path.stem.rpartition("-")[0] for path in Path(study.file("checkpoints")).glob("*")]
    assert len(kept) == len(set(kept))
