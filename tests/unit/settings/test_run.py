import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.settings import MODELS, NoiseModel, RunSettings, Training
from qgnn_d2d.settings.noise import with_flags
from tests.unit.settings.configs import PAPER, SMOKE

TRAINING = Training(learning_rate=0.1, batch_size=8, epochs=2)
RUN = PAPER.runs["rayleigh-stated-gcn"]


@pytest.mark.parametrize("model", MODELS)
def test_runs_of_every_model_are_plain_data_and_back(model):
    run = RunSettings(
        id="r", scenario="s", protocol="stated", model=model, architecture=MODELS[model](), training=TRAINING, seed=0,
        num_seeds=1,
    )  # fmt: skip
    data = json.loads(json.dumps(run.as_dict()))
    assert data["architecture"] == json.loads(json.dumps(MODELS[model]().model_dump()))
    assert RunSettings.from_dict(data) == run and type(RunSettings.from_dict(data).architecture) is MODELS[model]


def test_all_runs_are_plain_data_and_back():
    for run in (*PAPER.runs.values(), *SMOKE.runs.values()):
        assert RunSettings.from_dict(json.loads(json.dumps(run.as_dict()))) == run


@given(
    st.sampled_from([*RUN.as_dict(), "architecture iterations", "training epochs", "nobody"]),
    st.none() | st.booleans() | st.integers(-1, 0) | st.floats(max_value=0) | st.text(max_size=4) | st.lists(st.none()),
)
def test_data_that_are_no_run_are_refused_by_name(path, value):
    first, _, second = path.partition(" ")
    data = RUN.as_dict()
    data[first] = {**data[first], second: value} if second else value
    try:
        found = RunSettings.from_dict(data)
    except ValueError as error:
        assert (second or first) in str(error) and "\n" not in str(error)
    else:
        assert first != "nobody" and found.as_dict() == {**RUN.as_dict(), **data}


def test_options_are_changed_by_name():
    changed = RUN.changed({"epochs": 9, "iterations": 2, "drop_links": 0.1, "message_widths": [4, 8]})
    assert (changed.training.epochs, changed.training.drop_links, changed.architecture.iterations) == (9, 0.1, 2)
    assert changed.architecture.message_widths == (4, 8)
    assert RUN.changed({}) == RUN and changed.changed({"drop_links": None}).training.drop_links is None
    noisy = PAPER.runs["rayleigh-stated-qgnn-lagos"]
    assert noisy.changed({"k": 2}).architecture.noise == noisy.architecture.noise


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"depth": 1}, "option of run rayleigh-stated-gcn is 'depth'; it must be one of: learning_rate, .*iterations"),
        ({"k": 1}, "is 'k'"),
        ({"seed": 1}, "is 'seed'"),
        ({"epochs": 0}, r"run rayleigh-stated-gcn\.epochs is 0; it must be at least 1"),
        ({"iterations": 1.5}, r"run rayleigh-stated-gcn\.iterations is 1\.5"),
    ],
)
def test_changes_that_are_none_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        RUN.changed(changes)


def test_devices_have_flagged_forms_and_levels_have_none():
    lagos, level = NoiseModel(device="FakeLagosV2", line=[0, 1, 2]), NoiseModel(depolarizing=0.5)
    found = with_flags({"lagos": lagos, "level": level})
    assert list(found) == ["lagos", "level", "lagos_idle", "lagos_inverted"]
    idle = found["lagos_idle"]
    assert (idle.idle, idle.invert_readout, idle.line) == (True, False, [0, 1, 2])
    assert found["lagos_inverted"].invert_readout and found["lagos"] == lagos
