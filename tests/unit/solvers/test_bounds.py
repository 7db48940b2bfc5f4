"""Bounds on random networks and boxes: valid box by box, up to rounding."""

import numpy as np
import torch
from hypothesis import given

from qgnn_d2d.solvers.bounds import Boxes, envelope, scaled, tighten_by_bound, tighten_by_conditions
from tests.unit.solvers.cases import arguments, random_networks, rate


def random_boxes(channels, generator):
    """Return channels and networks per box, low and high ends, and points inside, (P, B, M): shares of full power.

    Boxes are wide and narrow, and touch zero and full power often. Points lie on the sides often.
    """
    channels = channels.take(np.repeat(np.arange(len(channels)), 20))
    networks = scaled(*arguments(channels))
    shape = networks.weight.shape
    centre = generator.random(shape) ** generator.choice([1, 4], size=(len(channels), 1))
    reach = 10.0 ** generator.uniform(-4, 0.5, (len(channels), 1))
    low, high = np.clip([centre - reach, centre + reach], 0.0, 1.0)
    kind = generator.random(shape)
    low, high = np.where(kind < 0.2, 0.0, low), np.where(kind > 0.8, 1.0, high)
    low, high = low * networks.usable, high * networks.usable
    share = generator.random((100, *shape))
    return channels, networks, low, high, low + np.clip(1.5 * share - 0.25, 0.0, 1.0) * (high - low)


@given(random_networks(max_links=7))
def test_envelope_is_above_the_rate_all_over_the_box(case):
    _, networks, low, high, points = random_boxes(*case)
    spread = 10.0 ** case[1].uniform(-6, 1, low.shape)
    bound, slope, _ = envelope(networks, low, high, spread)
    corner = np.where(slope > 0, high, low)
    affine = bound - (np.abs(slope) * np.abs(points - corner)).sum(-1)
    scale = bound + (np.abs(slope) * (high - low)).sum(-1)  # what was summed, so what rounding is relative to
    assert np.all(np.stack([networks.rate(point) for point in points]) <= affine + 1e-13 * scale)


@given(random_networks(max_links=7))
def test_bound_cuts_off_no_power_above_the_threshold(case):
    channels, networks, low, high, _ = random_boxes(*case)
    bound, slope, spread = envelope(networks, low, high, np.ones_like(low))
    threshold = bound * case[1].random(bound.shape)
    boxes = Boxes(np.arange(len(channels)), low, high, spread, bound)
    new_low, new_high = tighten_by_bound(boxes, slope, threshold)
    assert ((new_low >= low) & (new_high <= high) & (new_low <= new_high)).all()
    corner, other = np.where(slope > 0, high, low), np.where(slope > 0, low, high)
    cut = np.where(slope > 0, new_low, new_high)
    # The affine bound along one side falls to the threshold exactly where that side is cut, or not at all.
    above = bound[:, None] - np.abs(slope) * np.abs(cut - corner) - threshold[:, None]
    rounding = 1e-9 * np.broadcast_to(bound[:, None], above.shape)
    is_cut = cut != other
    assert (np.abs(above) <= rounding)[is_cut].all()
    assert (above >= -rounding)[~is_cut].all()


@given(random_networks(max_links=7))
def test_conditions_cut_off_no_optimum(case):
    channels, networks, low, high, points = random_boxes(*case)
    new_low, new_high, alive = map(torch.from_numpy, tighten_by_conditions(networks, low, high))
    share = torch.from_numpy(points).requires_grad_()
    (gradient,) = torch.autograd.grad(rate(channels, share * channels.p_max**2).sum(), share)
    # Powers that are all below full power are no optimum, wherever the box lies: scaling them up helps.
    candidate = (share.amax(-1) >= 1.0) & torch.from_numpy(networks.usable).any(-1)
    rounding = 1e-9 * gradient.abs().amax(-1, keepdim=True)
    raised, lowered = new_low > torch.from_numpy(low), new_high < torch.from_numpy(high)
    assert (gradient >= -rounding)[(raised & (share < 1.0)) & (candidate & alive)[..., None]].all()
    assert (gradient <= rounding)[lowered & (candidate & alive)[..., None]].all()
    # In a box without an optimum, some power could be moved with profit, at every point.
    movable = torch.where(gradient > 0, share < 1.0, share > 0.0) & (gradient != 0)
    assert movable.any(-1)[candidate & ~alive].all()
