"""The validators: what passes, what is refused, and that each refusal is one line that names the culprit."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import models, stars
from qgnn_d2d.channels import Channels
from qgnn_d2d.checks import (
    check_channels,
    require_choice,
    require_count,
    require_device,
    require_positive,
    require_samples,
    shown,
)
from qgnn_d2d.objective import single_link_rate
from qgnn_d2d.settings import MODELS
from qgnn_d2d.solvers import METHODS
from tests.strategies import JUNK, NETWORKS, ODD, any_array, is_good, network, refused, result_of


@pytest.mark.parametrize("value", [1, 0.1, 1e-300, np.float64(2.0), np.float32(2.0), np.int64(3)])
def test_positive_numbers_pass(value):
    require_positive("x", value)


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, "1", None, True, np.float64(-1.0)])
def test_other_values_are_not_positive(value):
    with pytest.raises(ValueError, match=r"^x is .*; it must be a finite number above 0$"):
        require_positive("x", value)


def test_numpy_scalars_are_shown_as_plain_numbers():
    with pytest.raises(ValueError, match=r"^x is -1\.5; "):
        require_positive("x", np.float64(-1.5))


def test_values_of_many_lines_are_shown_on_one():
    with pytest.raises(ValueError) as failure:
        require_count("seed", np.random.SeedSequence(3))
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("value", [1, 4, np.int64(2)])
def test_counts_within_bounds_pass(value):
    require_count("k", value, minimum=1, maximum=4)


@pytest.mark.parametrize("value", [0, 5, 2.0, True, "2", None])
def test_counts_out_of_bounds_and_non_integers_are_refused(value):
    with pytest.raises(ValueError, match=r"^k is .*; it must be an integer from 1 to 4$"):
        require_count("k", value, minimum=1, maximum=4)


def test_count_without_upper_bound_names_the_lower_one():
    with pytest.raises(ValueError, match="k is -1; it must be an integer of at least 0"):
        require_count("k", -1, minimum=0)


def test_devices_that_are_not_here_are_refused():
    require_device("device", "cpu")
    with pytest.raises(ValueError, match="device is 'warp'; it must be a device that PyTorch has here"):
        require_device("device", "warp")


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([1.0], {}, "x is of type list; it must be a NumPy array"),
        (np.array(["a"]), {}, "x is of type <U1; it must be a NumPy array"),
        (np.ones((2, 2)), {}, r"x has shape \(2, 2\); it must have 1 dimensions, at least 1 along the first"),
        (np.ones(2), {"ndim": 0}, "it must have 0 dimensions, no, none empty"),
        (
            np.array([0.5, -0.5]),
            {"low": 0, "high": 1},
            r"at index \(1,\) is -0.5; all must be finite, at least 0, at most 1",
        ),
        (
            np.array([0.5, np.inf]),
            {},
            r"x has 1 bad of 2 entries, the first at index \(1,\) is inf; all must be finite$",
        ),
    ],
)
def test_samples_that_do_not_fit_are_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        require_samples("x", values, **options)


def test_choice_lists_what_is_allowed():
    require_choice("kind", "a", ["a", "b"])
    with pytest.raises(ValueError, match="kind is 'c'; it must be one of: a, b"):
        require_choice("kind", "c", ["a", "b"])


def test_long_values_are_shown_on_one_short_line():
    endless: list = []
    for _ in range(100_000):
        endless = [endless]
    assert shown("a\nb") == r"'a\nb'"
    assert len(shown("x" * 99)) == 60 and shown("x" * 99).endswith("...")
    assert shown(10**5000) == "a int too long to show" and shown(endless) == "a list too long to show"


@pytest.mark.parametrize("name", ["c", None, ["a"], {"a": 1}, math.nan])
def test_a_name_that_is_not_there_is_refused(name):
    require_choice("letter", "a", ("a", "b"))
    with pytest.raises(ValueError, match=r"letter is .*; it must be one of: a, b"):
        require_choice("letter", name, {"a": 1, "b": 2})


def _channels(**changes):
    arguments = {"gain": torch.ones(2, 3, 3), "weight": torch.ones(2, 3), "noise_power": 0.1, "p_max": 1.0}
    return arguments | changes


def _gain_with(value):
    """One entry of many, off the diagonal."""
    gain = torch.ones(2, 3, 3, dtype=torch.float64)
    gain[1, 0, 2] = value
    return gain


def test_good_channels_pass():
    check_channels(**_channels())
    check_channels(**_channels(gain=torch.ones(3, 3), weight=torch.zeros(3)))


@pytest.mark.parametrize("changes", [{}, {"p_max": 100.0}, {"noise_power": 1e-99}])
def test_channels_at_the_bounds_pass(changes):
    arguments = _channels(weight=torch.full((2, 3), 1e100, dtype=torch.float64)) | changes
    largest = 0.99e100 * arguments["noise_power"] / arguments["p_max"] ** 2
    check_channels(**arguments | {"gain": _gain_with(largest)})


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_bad_entries_are_counted_and_located(bad):
    gain = torch.ones(2, 3, 3)
    gain[1, 0, 2] = gain[1, 2, 2] = bad
    with pytest.raises(ValueError, match=rf"gain has 2 bad of 18 entries, the first at index \(1, 0, 2\) is {bad}"):
        check_channels(**_channels(gain=gain))
    weight = torch.ones(2, 3)
    weight[1, 1] = bad
    with pytest.raises(ValueError, match=r"weight has 1 bad of 6 entries, the first at index \(1, 1\)"):
        check_channels(**_channels(weight=weight))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gain": torch.ones(2, 3, 4)}, r"gain has shape \(2, 3, 4\)"),
        ({"weight": [1.0]}, "weight is of type list; it must be a real floating-point tensor"),
        ({"gain": torch.ones(3)}, r"gain has shape \(3,\)"),
        ({"weight": torch.ones(3)}, r"weight has shape \(3,\); it must be \(2, 3\)"),
        (
            {"gain": torch.ones(0, 3, 3), "weight": torch.ones(0, 3)},
            r"gain is of type torch.float32, shape \(0, 3, 3\); it must be .* not empty",
        ),
        (
            {"gain": torch.ones(2, 3, 3, dtype=torch.int64)},
            "gain is of type torch.int64, .* it must be a real floating-point tensor",
        ),
        ({"gain": torch.ones(2, 3, 3, dtype=torch.complex64)}, "gain is of type torch.complex64"),
        ({"noise_power": 0.0}, "noise_power is 0.0"),
        ({"p_max": -1.0}, "p_max is -1.0"),
        ({"p_max": 1e101}, r"p_max is 1e\+101; it must be from 1e-100 to 1e\+100"),
        ({"p_max": 1e-101}, r"p_max is 1e-101; it must be from 1e-100 to 1e\+100"),
        (
            {"weight": torch.full((2, 3), 1.1e100, dtype=torch.float64)},
            r"largest weight is 1\.1e\+100; it must be from 0 to 1e\+100",
        ),
        ({"gain": _gain_with(1.1e99)}, r"largest gain, .* is 1\.1e\+99; it must be from 0 to 1e\+99"),
        ({"gain": _gain_with(1.1e95), "p_max": 100.0}, r"largest gain, .* p_max = 100\.0, is 1\.1e\+95"),
        ({"gain": _gain_with(3.0), "noise_power": 2e-100}, r"largest gain, for noise_power = 2e-100 .* is 3\.0"),
    ],
)
def test_unusable_channels_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        check_channels(**_channels(**changes))


# --- on any input --------------------------------------------------------------------------------------------


def is_plain(value, kinds=(int, float, np.integer, np.floating)):
    return isinstance(value, kinds) and not isinstance(value, bool | np.bool_)


@given(value=JUNK)
def test_only_finite_numbers_above_zero_pass(value):
    good = is_plain(value) and math.isfinite(value) and value > 0
    assert (result_of(lambda: require_positive("x", value) or True) is True) == good


@given(value=JUNK, minimum=st.integers(-2, 3), maximum=st.none() | st.integers(-2, 6))
def test_only_integers_within_bounds_pass(value, minimum, maximum):
    good = is_plain(value, (int, np.integer)) and minimum <= value and (maximum is None or value <= maximum)
    assert (result_of(lambda: require_count("x", value, minimum, maximum) or True) is True) == good


@given(value=JUNK, allowed=st.lists(JUNK, max_size=3))
def test_only_listed_values_pass(value, allowed):
    if any(isinstance(one, np.ndarray | np.generic) for one in (value, *allowed)):
        return  # NumPy's == has a mind of its own
    good = any(choice is value or choice == value for choice in allowed)
    assert (result_of(lambda: require_choice("x", value, allowed) or True) is True) == good


@given(values=any_array(), ndim=st.integers(0, 3), minimum=st.integers(1, 3))
def test_only_arrays_of_finite_numbers_pass(values, ndim, minimum):
    good = (
        is_good(values, ndim, minimum)
        if ndim
        else (values.ndim == 0 and values.dtype.kind in "fiu" and bool(np.isfinite(values)))
    )
    assert (result_of(lambda: require_samples("x", values, ndim, minimum) or True) is True) == good


@given(gain=any_array(), weight=any_array(), noise_power=JUNK, p_max=JUNK)
def test_channels_of_any_shape_and_type_pass_or_are_refused(gain, weight, noise_power, p_max):
    for array in (gain, weight):
        if array.dtype.kind == "U":
            return
    gain, weight = torch.from_numpy(np.array(gain)), torch.from_numpy(np.array(weight))
    if result_of(lambda: check_channels(gain, weight, noise_power, p_max) or True):
        assert gain.shape[:-1] == weight.shape and (gain >= 0).all() and (weight >= 0).all()
        assert gain.numel() and noise_power > 0 and p_max > 0


@given(**NETWORKS, bad=ODD, at=st.sampled_from(["gain", "weight", "noise_power", "p_max"]))
def test_a_single_bad_value_is_named(seed, num_links, size, decades, noise_power, p_max, bad, at):
    gain, weight, _ = network(seed, num_links, (size,), decades)
    channels = {"gain": gain, "weight": weight, "noise_power": noise_power, "p_max": p_max}
    check_channels(**channels)
    if at in ("gain", "weight"):
        channels[at].view(-1)[seed % channels[at].numel()] = bad
    else:
        channels[at] = bad
    allowed = math.isfinite(bad) and (bad >= 0 if at in ("gain", "weight") else bad > 0) and 1e-50 < bad < 1e50
    if allowed or (at in ("gain", "weight") and 0 <= bad < 1):
        check_channels(**channels)
    elif not (at == "noise_power" and math.isfinite(bad) and bad > 0):
        refused(lambda: check_channels(**channels), at)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64, int])
def test_scalars_of_any_kind_are_plain_numbers_at_entry(kind, recwarn):
    """A float32 of 1 would compute the limits in its own precision, in which they are infinite."""
    found = check_channels(**_channels(noise_power=kind(2), p_max=kind(1)))
    assert found == (2.0, 1.0) and [type(value) for value in found] == [float, float]
    with pytest.raises(
        ValueError, match=r"largest gain, for noise_power = 1.0 and p_max = 1.0, is 1e\+101; it must be"
    ):
        check_channels(**_channels(noise_power=kind(1), p_max=kind(1), gain=_gain_with(1e101)))
    gain, weight = torch.rand(3, 4, 4, dtype=torch.float64), torch.ones(3, 4, dtype=torch.float64)
    expected, scalars = (gain, weight, 2.0, 1.0), (gain, weight, kind(2), kind(1))
    for method in METHODS.values():
        assert torch.equal(method.solve(*scalars), method.solve(*expected))
    assert torch.equal(single_link_rate(*scalars), single_link_rate(*expected))
    channels = Channels(*scalars)
    assert [type(value) for value in (channels.noise_power, channels.p_max)] == [float, float]
    for name in MODELS:
        model = models.build(name, dtype=torch.float64).eval()
        leaves = None if model.k is None else stars.sample(4, model.k, torch.Generator().manual_seed(0), (1, 3))
        power = model(gain.unsqueeze(0), weight.unsqueeze(0), kind(2), kind(1), leaves)
        assert torch.equal(power, model(gain.unsqueeze(0), weight.unsqueeze(0), 2.0, 1.0, leaves))
    assert not recwarn.list
