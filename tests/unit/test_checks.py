"""The validators: what passes, what is refused, and that each refusal is one line that names the culprit."""

import math

import numpy as np
import pytest
import torch

from qgnn_d2d.checks import check_channels, require_choice, require_count, require_finite, require_positive


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


@pytest.mark.parametrize("value", [math.nan, -math.inf, "3", False])
def test_non_finite_values_are_refused(value):
    require_finite("x", -3.5)
    with pytest.raises(ValueError, match=r"^x is .*; it must be a finite number$"):
        require_finite("x", value)


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


def test_choice_lists_what_is_allowed():
    require_choice("kind", "a", ["a", "b"])
    with pytest.raises(ValueError, match="kind is 'c'; it must be one of: a, b"):
        require_choice("kind", "c", ["a", "b"])


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
        ({"gain": torch.ones(3)}, r"gain has shape \(3,\)"),
        ({"weight": torch.ones(3)}, r"weight has shape \(3,\); it must be \(2, 3\)"),
        ({"gain": torch.ones(0, 3, 3), "weight": torch.ones(0, 3)}, "must not be empty"),
        ({"gain": torch.ones(2, 3, 3, dtype=torch.int64)}, "gain has dtype torch.int64"),
        ({"gain": torch.ones(2, 3, 3, dtype=torch.complex64)}, "gain has dtype torch.complex64"),
        ({"noise_power": 0.0}, "noise_power is 0.0"),
        ({"p_max": -1.0}, "p_max is -1.0"),
        ({"p_max": 1e101}, r"p_max is 1e\+101; it must be from 1e-100 to 1e\+100"),
        ({"p_max": 1e-101}, r"p_max is 1e-101; it must be from 1e-100 to 1e\+100"),
        ({"weight": torch.full((2, 3), 1.1e100, dtype=torch.float64)}, r"weight has an entry 1\.1e\+100; all must be"),
        ({"gain": _gain_with(1.1e99)}, r"gain has an entry 1\.1e\+99; all must be at most 1e\+100 noise_power"),
        ({"gain": _gain_with(1.1e95), "p_max": 100.0}, r"gain has an entry 1\.1e\+95; .* p_max = 100\.0$"),
        ({"gain": _gain_with(3.0), "noise_power": 2e-100}, r"gain has an entry 3\.0; .* noise_power = 2e-100"),
    ],
)
def test_unusable_channels_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        check_channels(**_channels(**changes))
