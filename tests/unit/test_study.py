import copy

import pytest

from qgnn_d2d.settings.study import expand

CONFIG = {
    "study": "test",
    "seed": 1,
    "num_seeds": 2,
    "torch": {"device": "cpu", "threads": 1},
    "splits": {"train": 300, "validation": 5, "test": 5, "evaluation": 5, "pool": 1000},
    "scenarios": {name: {"kind": "rayleigh", "num_links": 10} for name in ("a", "b")},
    "models": {"qgnn": {"k": 3}},
    "noise_models": {"lagos": {"device": "FakeLagosV2"}, "p": {"depolarizing": 0.1}},
    "runs": [
        {"id": "{scenario}-{model}", "scenario": ["a", "b"], "protocol": "stated", "model": ["qgnn", "gcn"]},
        {
            "id": "{scenario}-{model}-k{k}-L{layers}",
            "scenario": "a",
            "protocol": "stated",
            "model": "qgnn",
            "sweep": {"k": [1, 2], "layers": [1, 3]},
            "table": "ablation",
        },
        {
            "id": "{scenario}-{model}-n{train_size}",
            "scenario": "a",
            "protocol": "stated",
            "model": "qgnn",
            "sweep": {"train_size": [30, 300, 1000]},
            "table": "sizes",
        },
        {
            "id": "{scenario}-{model}-{noise}",
            "scenario": "a",
            "protocol": "stated",
            "model": "qgnn",
            "sweep": {"noise": ["lagos", "p"]},
        },
    ],
}
for group in CONFIG["runs"]:
    group["training"] = {"learning_rate": 0.01, "batch_size": 32, "epochs": 200}


def changed(path, value):
    config = copy.deepcopy(CONFIG)
    place = config
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return config


def test_a_sweep_expands_to_the_product_of_its_lists():
    runs = expand(CONFIG).runs
    for k in (1, 2):
        for layers in (1, 3):
            architecture = runs[f"a-qgnn-k{k}-L{layers}"].architecture
            assert (architecture["k"], architecture["layers"]) == (k, layers)


def test_swept_runs_stand_in_the_table_that_they_name_and_in_no_other():
    tables = expand(CONFIG).tables
    assert tables["a"] == ["a-qgnn", "a-gcn"]
    assert tables["b"] == ["b-qgnn", "b-gcn"]
    assert tables["ablation"] == ["a-qgnn-k1-L1", "a-qgnn-k1-L3", "a-qgnn-k2-L1", "a-qgnn-k2-L3"]
    assert "a-qgnn-lagos" not in {run for runs in tables.values() for run in runs}
    assert expand(CONFIG).scenario_of("ablation") == "a"


def test_runs_of_all_training_sizes_take_as_many_gradient_steps():
    runs = expand(CONFIG).runs
    assert [runs[f"a-qgnn-n{size}"].training.epochs for size in (30, 300, 1000)] == [2000, 200, 62]
    assert runs["a-qgnn-n30"].train_size == 30
    assert runs["a-qgnn"].train_size is None


def test_a_run_holds_its_noise_model_itself():
    runs = expand(CONFIG).runs
    assert runs["a-qgnn-lagos"].architecture["noise"] == {"device": "FakeLagosV2"}
    assert runs["a-qgnn-p"].architecture["noise"] == {"depolarizing": 0.1}
    assert runs["a-qgnn"].architecture["noise"] is None


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["runs", 1, "scenario"], ["a", "b"], "table ablation has runs of scenarios"),
        (["runs", 1, "table"], "b", "table b has runs of scenarios"),
        (["runs", 2, "sweep", "train_size"], [2000], "train_size of run a-qgnn-n2000"),
        (["runs", 3, "sweep", "noise"], ["lago"], "noise of run a-qgnn-lago is 'lago'"),
        (["runs", 1, "sweep", "k"], [10], "k of run a-qgnn-k10-L1"),
        (["noise_models", "lagos", "device"], "Lagos", "noise_models.lagos: device of noise is 'Lagos'"),
        (["runs", 1, "id"], "{scenario}-{depth}", "it may use {scenario}, {protocol}, {model}, {k}, {layers} only"),
    ],
)
def test_contradictions_are_named(path, value, words):
    with pytest.raises(ValueError, match=words.replace("{", r"\{")):
        expand(changed(path, value))
