"""What holds for every kind of scenario: a new one is tested by being registered."""

import inspect
from pathlib import Path

import numpy as np
import pytest

from qgnn_d2d import __version__
from qgnn_d2d.channels import draw, load, realizations, save, to_channels
from qgnn_d2d.settings.scenario import SCENARIOS, SPLITS

OPTIONS = {
    "public_draws": {"draw_seed": 1712},
    "file": {"quantity": "gain", "noise_power": 0.5, "p_max": 2.0, "weights": "uniform"},
}
"""Options that have no default."""
NESTED = [kind for kind in SCENARIOS if kind != "public_draws"]
"""Kinds whose first realizations do not depend on how many follow."""
DRAWN = [kind for kind in NESTED if kind != "file"]
"""Kinds whose channels come from the seed; their splits are disjoint."""
FILES = {}  # number of links to a file of channels

kinds = pytest.mark.parametrize("kind", SCENARIOS)
nested = pytest.mark.parametrize("kind", NESTED)
drawn_ones = pytest.mark.parametrize("kind", DRAWN)


@pytest.fixture(scope="module", autouse=True)
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for num_links in (2, 3, 4, 10):
        FILES[num_links] = folder / f"{num_links}.npy"
        np.save(FILES[num_links], np.random.default_rng(num_links).exponential(size=(100, num_links, num_links)))


def settings(kind, num_links):
    more = {"path": str(FILES[num_links])} if kind == "file" else {}
    return SCENARIOS[kind](**OPTIONS.get(kind, {}), **more, num_links=num_links)


@kinds
def test_the_dataset_is_complete(kind):
    drawn = realizations(settings(kind, num_links=4), 6, seed=5)
    assert drawn.gain.dims == ("realization", "receiver", "transmitter") and drawn.gain.shape == (6, 4, 4)
    assert drawn.weight.dims == ("realization", "receiver") and drawn.weight.shape == (6, 4)
    assert drawn.gain.dtype == drawn.weight.dtype == np.float64
    assert drawn.gain.attrs["units"] == "1" and drawn.gain.attrs["long_name"]
    assert drawn.attrs["scenario"] == kind and drawn.attrs["package_version"] == __version__
    assert ((drawn.weight >= 0) & (drawn.weight < 1)).all()
    channels = to_channels(drawn)
    assert (len(channels), channels.num_links) == (6, 4)


@kinds
def test_the_settings_are_attributes(kind):
    chosen = settings(kind, num_links=3)
    found = realizations(chosen, 2, seed=5).attrs
    elsewhere = {"kind", "num_links", "features", "optimum", "draw_seed", "path", "paths"}
    for name, value in chosen.model_dump(exclude=elsewhere, exclude_none=True).items():
        assert found[name] == value
    assert kind != "file" or found["file"] == Path(chosen.path).name
    assert found["seed"] == str(getattr(chosen, "draw_seed", 5))


@kinds
def test_implementations_document_what_they_return(kind):
    module, _, name = SCENARIOS[kind].implementation.partition(":")
    assert module == f"qgnn_d2d.channels.{kind}" and name == kind
    function = getattr(__import__(module, fromlist=[name]), name)
    assert list(inspect.signature(function).parameters) == ["settings", "num_realizations", "seed"]


@kinds
def test_the_same_seed_draws_the_same(kind):
    first, second = (realizations(settings(kind, num_links=4), 6, seed=5) for _ in range(2))
    assert first.identical(second)


@drawn_ones
def test_another_seed_draws_other_channels(kind):
    first, second = (realizations(settings(kind, num_links=4), 6, seed=seed) for seed in (5, 6))
    assert not np.isin(first.gain, second.gain).any()


@nested
def test_attributes_are_there_without_realizations(kind):
    none, some = (draw("a", settings(kind, num_links=3), "test", size, seed=3) for size in (0, 2))
    assert none.attrs == some.attrs and none.gain.shape == (0, 3, 3)


@nested
@pytest.mark.parametrize("few", [1, 7, 60])
def test_first_realizations_do_not_depend_on_how_many_follow(kind, few):
    small, large = (realizations(settings(kind, num_links=10), count, seed=2) for count in (few, 100))
    assert small.identical(large.isel(realization=slice(few)))


@nested
def test_seed_sequence_equals_its_integer_and_is_not_changed(kind):
    sequence = np.random.SeedSequence(9)
    first, second = (realizations(settings(kind, num_links=3), 5, sequence) for _ in range(2))
    assert first.identical(second)
    assert first.gain.equals(realizations(settings(kind, num_links=3), 5, 9).gain)
    child = sequence.spawn(1)[0]
    assert child.spawn_key == (0,)  # none were spawned before
    assert realizations(settings(kind, num_links=3), 5, child).attrs["seed"] == "SeedSequence(9, spawn_key=(0,))"


@pytest.mark.parametrize("seed", [-1, "1", 2.0])
@nested
def test_bad_seeds_are_refused(kind, seed):
    with pytest.raises(ValueError, match=f"seed is {seed!r}"):
        realizations(settings(kind, num_links=2), 2, seed)


# --- splits of a study --------------------------------------------------------------------------------------


@drawn_ones
def test_splits_share_no_realization(kind):
    sets = [draw("a", settings(kind, num_links=4), split, 50, seed=3) for split in SPLITS]
    assert [part.attrs["split"] for part in sets] == list(SPLITS)
    for variable in ("gain", "weight"):
        values = np.concatenate([part[variable].values.ravel() for part in sets])
        assert np.unique(values).size == values.size  # continuous draws: any repetition is a leak


@nested
def test_smaller_training_sets_are_subsets(kind):
    small, large = (draw("a", settings(kind, num_links=4), "train", size, seed=3) for size in (5, 50))
    assert small.identical(large.isel(realization=slice(5)))


@drawn_ones
def test_scenarios_of_other_names_and_seeds_have_other_streams(kind):
    base = draw("a", settings(kind, num_links=3), "test", 5, seed=3)
    for other in (("b", 3), ("a", 4)):
        assert not np.isin(base.gain, draw(other[0], settings(kind, num_links=3), "test", 5, other[1]).gain).any()


@kinds
def test_unknown_splits_are_refused(kind):
    with pytest.raises(ValueError, match="split is 'training'; it must be one of: train, validation"):
        draw("a", settings(kind, num_links=2), "training", 1, seed=0)


# --- files --------------------------------------------------------------------------------------------------


@kinds
def test_files_keep_everything(kind, tmp_path):
    drawn = realizations(settings(kind, num_links=3), 4, seed=2)
    save(drawn, tmp_path / "channels.nc")
    loaded = load(tmp_path / "channels.nc")
    assert loaded.identical(drawn)
    (tmp_path / "channels.nc").unlink()  # the file is closed and the data in memory
    assert loaded.gain.equals(drawn.gain)
