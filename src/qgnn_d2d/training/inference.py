"""From a trained model to powers and means: stars, allocation, scores."""

from __future__ import annotations

import warnings

import torch

from .. import stars
from ..channels import Channels
from ..models import PowerModel
from ..models.kernels import Inputs, kernel_of
from ..objective import QUANTITIES, Quantity, trained_quantity
from ..random_streams import torch_generator
from ..settings import RunSettings

# Of features' distance from the training set, see `warn_of_far`.
_FAR, _SHIFTED, _LOWEST_LEVEL, _FEWEST_LINKS = 6.0, 2.0, 0.1, 10
_CHUNK = 25  # realizations per forward pass at 10 links, fewer beyond: small enough for the cache


def evaluation_leaves(run: RunSettings, model: PowerModel, channels: Channels, split: str) -> torch.Tensor | None:
    """Choose the stars of a split for every seed and layer, once: (S, L or 1, N, M, k).

    One set where the model's leaves are ``one_set``, or its rule draws nothing. None for models without stars; but for
    networks of several sizes, all other nodes (`stars.all_others`).
    """
    if model.k is None:
        if channels.sizes is None or not model.mixes_sizes:
            return None
        return stars.all_others(channels).expand(run.num_seeds, 1, -1, -1, -1)
    draws = [
        stars.choose(
            model.stars, channels, model.k, torch_generator(run.seed, "stars", split, s), num_sets=model.num_sets
        )
        for s in range(run.num_seeds)
    ]
    return torch.stack(draws)


@torch.no_grad()
def allocate(model: PowerModel, channels: Channels, leaves: torch.Tensor | None) -> torch.Tensor:
    """Return the powers of every seed's model on every realization.

    A warning names features that are far from those of the training set (`warn_of_far`).

    Args:
        model: Put into evaluation mode here.
        channels: N realizations of M links.
        leaves: (S, L, N, M, k), one set per round, or one for all (`PowerModel.forward`); None without stars.

    Returns:
        (S, N, M) transmit powers, W; 0 for padding.

    Raises:
        ValueError: A leaf is none of the M links, or a shape or type does not fit (see `PowerModel.forward`).
    """
    warn_of_far(model, channels)
    return powers(model, channels, leaves)


@torch.no_grad()
def powers(model: PowerModel, channels: Channels, leaves: torch.Tensor | None) -> torch.Tensor:
    """Return what `allocate` returns, without comparing features: what an inference takes."""
    if leaves is not None and leaves.numel():
        first, last = int(leaves.min()), int(leaves.max())
        if first < 0 or last >= channels.num_links:
            raise ValueError(f"leaves are from {first} to {last}; they must be from 0 to {channels.num_links - 1}")
    if channels.sizes is not None:  # every network as it would be alone
        power = torch.zeros(model.num_seeds, *channels.weight.shape, dtype=channels.weight.dtype)
        for index, group in channels.by_size():
            own = None if leaves is None or model.k is None else leaves[..., index, : group.num_links, :]
            power[:, index, : group.num_links] = powers(model, group, own).cpu()
        return power.to(channels.gain.device)
    model.eval()
    kernel, inputs = kernel_of(model), kernel_inputs(model, channels, leaves)
    if kernel is not None and inputs is not None:
        return torch.from_numpy(kernel.run(inputs, 0, len(channels), gradients=False)[1])
    seeds, parts = model.num_seeds, []
    chunk = max(1, min(_CHUNK, _CHUNK * 10**2 // channels.num_links**2))
    for start in range(0, len(channels), chunk):
        part = slice(start, start + chunk)
        gain = channels.gain[part].expand(seeds, -1, -1, -1)
        weight = channels.weight[part].expand(seeds, -1, -1)
        chosen = None if leaves is None else leaves[..., part, :, :].to(gain.device)
        parts.append(model(gain, weight, channels.noise_power, channels.p_max, chosen))
    return torch.cat(parts, dim=1)


def warn_of_far(model: PowerModel, channels: Channels) -> None:
    """Warn of features that are far from those of the training set: most often, another unit.

    Only standardized features are compared: a model keeps no statistics of others. Far is a realization whose median
    feature is more than 6 of the training set's deviations from its mean. If half of the realizations, of 10 links in
    all at least, are more than 2 deviations from it, or below a tenth of the training set's mean, these are far.
    """
    found = model.features.distance(channels.gain, channels.weight, channels.noise_power, channels.p_max, channels.real)
    for name, (shift, level) in found.items():
        far = (shift.abs() > _SHIFTED) | (level < _LOWEST_LEVEL)
        if 2 * int(far.sum()) < len(channels) or int(channels.real.sum()) < _FEWEST_LINKS:
            far = shift.abs() > _FAR
        if not far.any():
            continue
        first, others = int(far.nonzero()[0]), int(far.sum()) - 1
        more = f" and {others} more" if others else ""
        side = "above" if shift[first] > 0 else "below"
        of_level = f", {float(level[first]):.2g} of it" if level[first] < _LOWEST_LEVEL else ""
        warnings.warn(
            f"realization {first}{more}: {name} are {abs(float(shift[first])):.1f} deviations {side} the mean of the "
            f"training set{of_level}; are units, noise_power (W) and p_max (an amplitude) right?",
            stacklevel=3,
        )


def mean_metric(run: RunSettings, model: PowerModel, channels: Channels, leaves: torch.Tensor | None) -> torch.Tensor:
    """Return every seed's mean over the realizations of the quantity that the run's protocol reports: (S,)."""
    quantity = trained_quantity(run.protocol)
    model.eval()
    inputs = kernel_inputs(model, channels, leaves, quantity)
    if inputs is not None:
        return kernel_mean(model, inputs)
    power = powers(model, channels, leaves)
    return quantity.values(channels.gain, power, channels.weight, channels.noise_power).mean(dim=1)


def score(run: RunSettings, model: PowerModel, channels: Channels, split: str) -> torch.Tensor:
    """Return every seed's `mean_metric` on channels in float32, with the stars of their split: (S,)."""
    single = cast(channels, torch.float32, run.device)
    return mean_metric(run, model, single, evaluation_leaves(run, model, single, split))


def kernel_inputs(
    model: PowerModel, channels: Channels, leaves: torch.Tensor | None, quantity: Quantity = QUANTITIES["sum_rate"]
) -> Inputs | None:
    """Return what a model's kernel reads of channels, the same for all seeds; None for a model without a kernel."""
    kernel = kernel_of(model)
    if kernel is None:
        return None
    gain, weight = channels.gain.unsqueeze(0), channels.weight.unsqueeze(0)
    return kernel.inputs(gain, weight, channels.noise_power, channels.p_max, leaves, quantity)


def kernel_mean(model: PowerModel, inputs: Inputs) -> torch.Tensor:
    """Return every seed's mean over the realizations of the quantity that the inputs were made for: (S,)."""
    kernel, count = kernel_of(model), inputs.weight.shape[1]
    assert kernel is not None
    return torch.from_numpy(kernel.run(inputs, 0, count, gradients=False)[0] / count)


def cast(channels: Channels, dtype: torch.dtype, device: str) -> Channels:
    """Return the channels in another dtype on another device."""
    return Channels(
        channels.gain.to(device, dtype),
        channels.weight.to(device, dtype),
        channels.noise_power,
        channels.p_max,
        channels.sizes,
    )
