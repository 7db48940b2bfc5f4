import re
from types import SimpleNamespace

import pandas as pd
import pytest

from qgnn_d2d import settings
from qgnn_d2d.settings.base import validated
from qgnn_d2d.settings.config import StudySettings
from qgnn_d2d.settings.expansion import expand
from tests.runs import ROOT
from tests.unit.settings.configs import PAPER, SMOKE

CONFIG = {
    "study": "test",
    "seed": 1,
    "num_seeds": 2,
    "splits": {"train": 300, "validation": 5, "test": 5, "evaluation": 5, "pool": 1000},
    "scenarios": {"a": {"kind": "rayleigh"}, "b": {"kind": "geometric", "features": "decibel"}},
    "models": {"deep": {"base": "qgnn", "layers": 4}, "gcn": {"iterations": 2}},
    "noise_models": {"lagos": {"device": "FakeLagosV2"}, "p": {"depolarizing": 0.1}},
    "training": {"learning_rate": 0.01, "batch_size": 32, "epochs": 200},
    "presets": {"fast": {"epochs": 9, "schedule": "step"}, "rate": {"scale": "rate"}},
}


def runs(*entries, **changes):
    found, experiments = expand(validated(StudySettings, {**CONFIG, "experiments": {"one": list(entries)}, **changes}))
    assert experiments["one"] == list(found)
    return {name: item.run for name, item in found.items()}


def test_an_entry_is_the_product_of_its_lists():
    found = runs({"protocol": ["stated", "released"], "model": ["qgnn", "gcn"]})
    assert list(found) == ["a-stated-qgnn", "a-stated-gcn", "a-released-qgnn", "a-released-gcn"]
    found = runs({"model": "qgnn", "k": [1, 2], "layers": [1, 3]})
    assert {name: (run.architecture.k, run.architecture.layers) for name, run in found.items()} == {
        f"a-stated-qgnn-k{k}-L{layers}": (k, layers) for k in (1, 2) for layers in (1, 3)
    }


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"model": "qgnn"}, "a-stated-qgnn"),
        ({"model": "qgnn", "scenario": "b", "protocol": "released"}, "b-released-qgnn"),
        ({"model": "qgnn", "k": 3, "layers": 2, "heads": 1, "noise": None, "stars": "random"}, "a-stated-qgnn"),
        ({"model": "deep"}, "a-stated-deep"),
        ({"model": "deep", "layers": 4}, "a-stated-deep"),
        ({"model": "deep", "layers": 2}, "a-stated-deep-L2"),
        ({"model": "qgnn", "layers": 4}, "a-stated-qgnn-L4"),
        ({"model": "gcn", "message_widths": [16, 32]}, "a-stated-gcn"),
        ({"model": "gcn", "message_widths": [[4, 8]], "preset": "fast"}, "a-stated-gcn-fast-message_widths4x8"),
        (
            {"model": "qgnn", "heads": 2, "k": 1, "stars": "fixed", "noise": "lagos_idle", "layers": 1},
            "a-stated-qgnn-lagos_idle-fixed-k1-L1-h2",
        ),
        ({"model": "qgnn", "scale": "rate", "angle_range": 0.25}, "a-stated-qgnn-angle_range0.25-scalerate"),
        ({"model": "qgnn", "train_size": 30, "preset": "fast"}, "a-stated-qgnn-fast-n30"),
        ({"model": "qgnn", "k": 2, "preset": "fast", "train_draw": 3}, "a-stated-qgnn-fast-k2-d3"),
        ({"model": "qgnn", "circuit": "lib.blocks:zz", "k": 2}, "a-stated-qgnn-k2-circuitlib.blocks.zz"),
    ],
)  # fmt: skip
def test_an_id_says_what_differs_from_the_models_own_options(entry, name):
    assert list(runs(entry)) == [name]


def test_a_variant_is_its_base_with_options_of_its_own():
    (run,) = runs({"model": "deep"}).values()
    assert (run.model, run.architecture) == ("qgnn", settings.MODELS["qgnn"](layers=4, scale="amplitude"))


def test_channels_enter_on_the_scenarios_scale_unless_said_otherwise():
    scales = {
        name: run.architecture.scale
        for scenario in ("a", "b")
        for entry in ({"model": ["gcn", "gcn_informed"]}, {"model": "gcn", "preset": "rate"})
        for name, run in runs({"scenario": scenario, **entry}).items()
    }
    assert scales == {
        "a-stated-gcn": "amplitude", "a-stated-gcn_informed": "rate", "a-stated-gcn-rate": "rate",
        "b-stated-gcn": "decibel", "b-stated-gcn_informed": "rate", "b-stated-gcn-rate": "rate",
    }  # fmt: skip


def test_training_options_come_from_the_entry_the_preset_tuned_and_the_study_in_this_order():
    tuned = {"a": {"stated": {"qgnn": {"learning_rate": 0.5, "epochs": 7}, "deep": {"learning_rate": 0.25}}}}
    entries = [{"model": ["qgnn", "deep", "gcn"]}, {"model": "qgnn", "preset": "fast", "epochs": 3}]
    entries += [{"model": "qgnn", "protocol": "released"}]
    found = {name: run.training for name, run in runs(*entries, tuned=tuned).items()}
    assert {name: (t.learning_rate, t.batch_size, t.epochs, t.schedule) for name, t in found.items()} == {
        "a-stated-qgnn": (0.5, 32, 7, "cosine"),
        "a-stated-deep": (0.25, 32, 200, "cosine"),
        "a-stated-gcn": (0.01, 32, 200, "cosine"),
        "a-stated-qgnn-fast": (0.5, 32, 3, "step"),
        "a-released-qgnn": (0.01, 32, 200, "cosine"),
    }
    (inherited,) = runs({"model": "deep"}, tuned={"a": {"stated": {"qgnn": {"epochs": 7}}}}).values()
    assert inherited.training.epochs == 7
    tuned["a"]["stated"] |= {"deep-strongest": {"learning_rate": 0.125}}
    found = runs({"model": ["qgnn", "deep"], "stars": ["strongest", "fixed"]}, tuned=tuned)
    assert [run.training.learning_rate for run in found.values()] == [0.5, 0.5, 0.125, 0.25]


def test_runs_of_all_training_sizes_take_as_many_gradient_steps():
    found = runs({"model": "qgnn", "train_size": [30, 300, 1000]})
    assert [run.training.epochs for run in found.values()] == [2000, 200, 62]
    assert [(run.train_size, run.training_split) for run in found.values()] == [(n, "pool") for n in (30, 300, 1000)]
    (plain,) = runs({"model": "qgnn"}).values()
    assert (plain.train_size, plain.training_split) == (None, "train")


def test_draws_are_rows_of_the_pool_one_after_the_other_and_trained_as_the_run_itself():
    plain, *drawn = runs({"model": "qgnn"}, {"model": "qgnn", "train_draw": [1, 2, 3]}).values()
    assert [(run.training_split, run.training_rows) for run in drawn] == [
        ("pool", slice(300 * i, 300 * (i + 1))) for i in range(3)
    ]
    assert (plain.training_split, plain.training_rows) == ("train", slice(None))
    assert all(run.training == plain.training and run.architecture == plain.architecture for run in drawn)
    tuned = {"a": {"stated": {"qgnn-strongest": {"learning_rate": 0.125}}}}
    (alone,) = runs({"model": "qgnn", "stars": "strongest", "train_draw": 1}, tuned=tuned).values()
    assert alone.training.learning_rate == 0.125  # that of the run that it is compared with
    (sized,) = runs({"model": "qgnn", "train_size": 30}).values()
    assert sized.training_rows == slice(30)


def test_a_cap_holds_for_all_runs():
    found = runs({"model": ["qgnn", "gcn"]}, {"model": "gcn", "train_size": 1}, cap={"epochs": 5, "batch_size": 40})
    assert [(r.training.epochs, r.training.batch_size) for r in found.values()] == [(5, 32), (5, 32), (50, 32)]


def test_a_run_holds_its_noise_model_itself():
    found = runs({"model": "qgnn", "noise": ["lagos", "lagos_inverted", "p", None]})
    noise = [run.architecture.noise for run in found.values()]
    assert [model and model.model_dump(exclude_defaults=True) for model in noise] == [
        {"device": "FakeLagosV2"}, {"device": "FakeLagosV2", "invert_readout": True}, {"depolarizing": 0.1}, None,
    ]  # fmt: skip


def test_seeds_are_the_studys_or_the_entrys():
    found = runs({"model": "qgnn"}, {"model": "gcn", "num_seeds": 5}, torch={"device": "cuda:1", "threads": 4})
    assert [run.num_seeds for run in found.values()] == [2, 5]
    assert {(run.seed, run.device, run.num_threads) for run in found.values()} == {(1, "cuda:1", 4)}


def test_equal_runs_of_two_experiments_are_one_run():
    experiments = {"one": [{"model": "qgnn"}, {"model": "gcn"}], "two": [{"model": "qgnn", "layers": [1, 2]}]}
    found, tables = expand(validated(StudySettings, {**CONFIG, "experiments": experiments}))
    assert tables == {"one": ["a-stated-qgnn", "a-stated-gcn"], "two": ["a-stated-qgnn-L1", "a-stated-qgnn"]}
    assert list(found) == ["a-stated-qgnn", "a-stated-gcn", "a-stated-qgnn-L1"]


def test_runs_that_share_an_id_but_not_their_settings_are_refused():
    for other in ({"model": "qgnn", "epochs": 3}, {"model": "qgnn", "num_seeds": 1}):
        experiments = {"one": [{"model": "qgnn"}], "two": [other]}
        with pytest.raises(ValueError, match=r"experiments\.two\[0\]: run a-stated-qgnn has other settings"):
            expand(validated(StudySettings, {**CONFIG, "experiments": experiments}))


def test_options_without_tuned_settings_are_marked():
    config = {**CONFIG, "training": {"epochs": 200}, "experiments": {"one": [{"model": "qgnn"}, {"model": "gcn"}]}}
    config["tuned"] = {"a": {"stated": {"gcn": {"learning_rate": 0.1, "batch_size": 2}}}}
    study = settings.load(config)
    assert study.untuned == ("a-stated-qgnn",)
    for run in study.runs:
        with pytest.raises(ValueError, match="batch_size and epochs of run a-stated-qgnn stand neither under tuned"):
            study.trainable(run)


# The studies


def test_the_papers_study_has_the_runs_of_its_reference():
    assert sum(map(len, PAPER.experiments.values())) == 158
    assert sorted(PAPER.runs) == sorted(pd.read_csv(ROOT / "results" / "reference" / "runs.csv")["run"])
    assert len(PAPER.runs) == 166 and not PAPER.untuned
    main, grid, sizes = (set(PAPER.experiments[name]) for name in ("main", "ablation", "training_size"))
    assert main & grid == {"rayleigh-stated-qgnn"} and not main & sizes
    assert all(re.fullmatch(r"[a-z_]+-(stated|released)-[\w.-]+", name) for name in PAPER.runs)


def test_no_two_runs_are_the_same_under_other_names():
    for study in (PAPER, SMOKE):
        assert len({repr(run.model_copy(update={"id": ""})) for run in study.runs.values()}) == len(study.runs)


@pytest.mark.parametrize(
    ("run", "wanted"),
    [
        ("rayleigh-stated-qgnn", {"k": 3, "layers": 2, "heads": 1, "learning_rate": 0.0136, "epochs": 200}),
        ("rayleigh-stated-qgnn_k9", {"k": 9, "layers": 4, "heads": 4, "entangling_layers": 3, "batch_size": 32}),
        ("rayleigh-stated-gcn-lr5e-2", {"learning_rate": 0.05, "batch_size": 32, "epochs": 100, "schedule": "step"}),
        ("rayleigh-stated-gcn_683-drop", {"epochs": 400, "drop_links": 0.2, "scale": "rate", "update_width": 12}),
        ("rayleigh-stated-gcn-n10000", {"epochs": 6, "train_size": 10000, "schedule": "cosine_step", "batch_size": 16}),
        ("rayleigh-stated-mlp_informed-k6", {"k": 6, "stars": "competitors", "scale": "rate", "drop_links": 0.1}),
        ("rayleigh-stated-gcn_rounds_3-equal-random", {"stars": "random", "leaves": "per_layer", "drop_links": 0.1}),
        ("rayleigh-stated-twin_free-equal-random-one_set", {"leaves": "one_set", "layers": 3, "heads": 4}),
        ("rayleigh-stated-qgnn-d2", {"train_draw": 2, "num_seeds": 3, "leaves": "per_layer"}),
        ("rayleigh-stated-gcn-M50", {"num_links": 50, "num_seeds": 5, "learning_rate": 0.00715}),
        ("geometric-stated-qgnn", {"scale": "decibel", "num_seeds": 10, "angle_range": 0.4}),
        ("public_draws-released-gcn_released", {"epochs": 100, "learning_rate": 0.00131, "protocol": "released"}),
    ],
)  # fmt: skip
def test_runs_of_the_paper_have_the_options_that_they_are_named_after(run, wanted):
    run = PAPER.runs[run]
    found = SimpleNamespace(**{**vars(run), **vars(run.training), **vars(run.architecture)})
    assert {name: getattr(found, name) for name in wanted} == wanted


def test_the_smoke_study_is_the_papers_in_miniature():
    assert SMOKE.scenarios == PAPER.scenarios and SMOKE.config.models == PAPER.config.models
    runs = SMOKE.runs.values()
    assert {(r.scenario, r.protocol) for r in runs} >= {("rayleigh", "stated"), ("rayleigh", "released")}
    assert {run.model for run in runs} == set(settings.MODELS) and len(runs) <= 60
    assert all(run.training.epochs <= 3 and run.training.batch_size <= 12 for run in runs if not run.train_size)


def test_a_batch_larger_than_the_training_set_is_refused():
    assert runs({"model": "gcn", "batch_size": 300})["a-stated-gcn"].training.batch_size == 300
    assert runs({"model": "gcn", "batch_size": 301}, cap={"batch_size": 12})  # where a cap makes it smaller, it fits
    with pytest.raises(
        ValueError, match=r"batch_size of run a-stated-gcn is 301; it must be at most splits.train = 300"
    ):
        runs({"model": "gcn", "batch_size": 301})
    # One gradient step may take all of a small train_size: there are as many steps as on the split train.
    assert runs({"model": "gcn", "train_size": 30})["a-stated-gcn-n30"].training.batch_size == 32
