"""Star networks whose stars are circuits: powers, rates and all gradients in one pass.

A seed's realizations are cut into tiles of about 160 nodes. A tile's nodes are lanes (see `lanes`): node m of the
tile's realization b is lane b M + m, and lanes are padded with zeros to whole blocks. Forward and backward pass of a
tile run back to back, while what the forward pass keeps is in the cache. Names as in `StarNetwork` and `StarEngine`.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeGuard

import numpy as np
import torch

from ...compiled import compiled
from ..base import PowerModel
from ..qgnn import QGNN
from .base import Array, Inputs, Kernel
from .contraction import KEPT, contract, d_contract
from .lanes import TRIG, V, affine, angles, d_affine, d_encode, encode
from .rates import sum_rate
from .transfer import Plan

LANES = 160
"""Nodes of a tile, about."""
_IDEAL = np.array([[[0, 0, 0], [0, 0, -1], [0, 1, 0]]] * 3)  # RX(a) of |0>: (0, -sin a, cos a)


def serves(model: PowerModel) -> TypeGuard[QGNN]:
    """Whether `StarKernel` computes a model: a `QGNN` whose circuits have no ancilla and are not estimated."""
    if not isinstance(model, QGNN) or model.estimator is not None or model.engine.num_memory != 1:
        return False
    angles = model.block_angles
    few = all(isinstance(step.gate, np.ndarray) or step.gate.num_angles <= 3 for step in model.engine.program.steps)
    return few and angles.device.type == "cpu" and angles.dtype in (torch.float32, torch.float64)


class StarKernel(Kernel):
    """The kernel of a model that it `serves`."""

    model: QGNN

    def __init__(self, model: QGNN) -> None:
        super().__init__(model, model.layers)
        real, engine = self.parameters.dtype, model.engine
        self._plan = Plan(engine, real)
        roles, readout = engine.program.encodings, engine.program.readout
        self._roles = np.array(_IDEAL if roles is None else [roles[r] for r in ("center", "leaf", "edge")], real)
        self._readout = np.array(np.eye(4)[[i + 1 for i in engine._observed]] if readout is None else readout, real)
        steps = [f"{kind}_maps.{layer}" for kind in ("edge", "node") for layer in range(model.layers)]
        names = [f"{name}.{part}" for name in ("embed", *steps, "readout") for part in ("weight", "bias")]
        start, size = self.parameters.ctypes.data, self.parameters.itemsize
        self._first = np.array([(self.values[name].ctypes.data - start) // size for name in names])

    def run(self, inputs: Inputs, start: int, stop: int, *, gradients: bool) -> tuple[Array, Array]:
        """See `Kernel.run`."""
        model, leaves = self.model, inputs.leaves
        assert leaves is not None
        if not 0 <= start < stop <= leaves.shape[2]:
            raise ValueError(f"realizations are {start} to {stop}; they must be from 0 to {leaves.shape[2]}")
        leaves = leaves[:, : 1 if leaves.strides[1] == 0 else model.layers].view()
        leaves.flags.writeable = False  # views of one set are: one compiled kernel serves both
        block_angles = self.values["block_angles"].reshape(-1, model.engine.ansatz.num_parameters)
        transfer = self._plan.forward(block_angles)
        d_transfer = np.zeros_like(transfer)
        shape = (model.num_seeds, model.layers, model.heads, -1, 16)
        rates, power = network(
            inputs._replace(leaves=None), leaves, start, stop, model.angle_scale, self.parameters, self._first,
            transfer.reshape(shape), self._roles, self._readout, self.gradients, d_transfer.reshape(shape), gradients,
        )  # fmt: skip
        if gradients:
            self._plan.backward(d_transfer, self.slopes["block_angles"].reshape(block_angles.shape))
        return rates, power


class Tile(NamedTuple):
    """Workspace of a tile: B blocks, h heads, k leaves, o measured numbers; of all L layers if gradients are asked."""

    x: Array  # (B, (2h + 2) V) what the node maps of a layer yield, then the features f
    mixed: Array  # (L or 1, B, (2 + h o) V) what they take: f, then the measurements z
    edges: Array  # (sets of leaves, B, k, 2 V) edge features
    columns: Array  # (sets of leaves, B, k, V) where a leaf's Bloch vector starts
    trig: Array  # (L or 1, B, h, TRIG) `angles` of the nodes
    kept: Array  # (L, h, B, k, KEPT) from `contract`, or (1, 1, 1, 1, KEPT)
    bloch: Array  # (2, B, 3 V) Bloch vectors of the nodes as centers and as leaves
    logit: Array  # (B, V)
    d_x: Array  # (B, (2h + 2) V)
    d_z: Array  # (B, h o V)
    d_bloch: Array  # (2, B, 3 V)
    d_logit: Array  # (B, V)


@compiled
def network(
    inputs: Inputs, leaves: Array, start: int, stop: int, scale: float, flat: Array, first: Array, transfer: Array,
    roles: Array, readout: Array, d_flat: Array, d_transfer: Array, gradients: bool,
) -> tuple[Array, Array]:  # fmt: skip
    """Return `Kernel.run`'s rates and powers; with gradients, set d_flat but for the circuits, and add to d_transfer.

    leaves (S, L or 1, B, M, k). scale: r π. flat (P,): parameters; first: where in it every weight and bias start, of
    embed, edge maps, node maps, readout. transfer (S, L, h, 12, 16). roles (3, 3, 3): encodings of center, leaf, edge.
    readout (o, 4).
    """
    real, (seeds, layers, heads) = flat.dtype.type, transfer.shape[:3]
    sets, _, links, k = leaves.shape[1:]
    o, kept, size = len(readout), layers if gradients else 1, min(stop - start, max(1, LANES // links))
    blocks = -(-size * links // V)
    node, logit, bloch = np.zeros((blocks, (2 * heads + 2) * V), real), np.zeros((blocks, V), real), (2, blocks, 3 * V)
    tile = Tile(
        node, np.zeros((kept, blocks, (2 + heads * o) * V), real), np.zeros((sets, blocks, k, 2 * V), real),
        np.zeros((sets, blocks, k, V), np.int32), np.zeros((kept, blocks, heads, TRIG), real),
        np.empty((layers, heads, blocks, k, KEPT) if gradients else (1, 1, 1, 1, KEPT), real), np.zeros(bloch, real),
        logit, node.copy(), np.zeros((blocks, heads * o * V), real), np.zeros(bloch, real), logit.copy(),
    )  # fmt: skip
    rates, power = np.zeros(seeds), np.empty((seeds, stop - start, links), real)
    slope = -1.0 / (stop - start) if gradients else 0.0
    if gradients:
        d_flat[:] = real(0)
    for s in range(seeds):
        own = s if len(inputs.gain) > 1 else 0
        weight = s if len(inputs.weight) > 1 else 0
        for at in range(start, stop, size):
            count = min(size, stop - at)
            used = -(-count * links // V)
            _load(tile, inputs, leaves, s, at, count, used, heads)
            _forward(tile, used, s, scale, flat, first, transfer, roles, readout, gradients)
            for b in range(count):
                logit = tile.logit.reshape(-1)[b * links : (b + 1) * links]
                d_logit = tile.d_logit.reshape(-1)[b * links : (b + 1) * links]
                rates[s] += sum_rate(
                    logit, inputs.gain[own, at + b], inputs.weight[weight, at + b], inputs.noise_power, inputs.p_max,
                    slope, power[s, at + b - start], d_logit,
                )  # fmt: skip
            if gradients:
                _backward(tile, used, s, scale, flat, first, transfer, roles, readout, d_flat, d_transfer)
    return rates, power


@compiled
def _map(flat: Array, first: Array, number: int, s: int, inputs: int, outputs: int) -> tuple[Array, Array]:
    """Return weight (inputs, outputs) and bias (outputs,) of seed s in an affine map, as views."""
    weight, bias = first[2 * number] + s * inputs * outputs, first[2 * number + 1] + s * outputs
    return flat[weight : weight + inputs * outputs].reshape(inputs, outputs), flat[bias : bias + outputs]


@compiled
def _load(tile: Tile, inputs: Inputs, leaves: Array, s: int, at: int, count: int, blocks: int, heads: int) -> None:
    """Lay out features and leaves of ``count`` realizations; padding gets zeros, and lane 0 as its leaves."""
    links, own, f = leaves.shape[3], s if len(inputs.direct) > 1 else 0, tile.x[:, 2 * heads * V :]
    own_alpha = s if len(inputs.alpha) > 1 else 0
    for lane in range(blocks * V):
        block, v, b, m = lane // V, lane % V, at + lane // links, lane % links
        if lane >= count * links:
            f[block, v] = f[block, V + v] = tile.d_logit[block, v] = 0
            tile.edges[:, block, :, v] = tile.edges[:, block, :, V + v] = 0
            tile.columns[:, block, :, v] = 0
            continue
        f[block, v], f[block, V + v] = inputs.direct[own, b, m], inputs.alpha[own_alpha, b, m]
        for layer in range(leaves.shape[1]):
            for i in range(leaves.shape[4]):
                j, e = leaves[s, layer, b, m, i], tile.edges[layer, block, i]
                e[v], e[V + v] = inputs.cross[own, b, m, j], inputs.cross[own, b, j, m]
                leaf = lane - m + j
                tile.columns[layer, block, i, v] = leaf // V * (3 * V) + leaf % V
    for x in tile.mixed:
        x[:, : 2 * V] = f


@compiled
def _forward(
    tile: Tile, blocks: int, s: int, scale: float, flat: Array, first: Array, transfer: Array, roles: Array,
    readout: Array, gradients: bool,
) -> None:  # fmt: skip
    """Compute logits a [x_L, f]: x_0 = A_0 f, z_l = star_l(r π tanh x_{l-1}, r π tanh B_l e), x_l = A_l [f, z_l]."""
    (layers, heads), o, x = transfer.shape[1:3], len(readout), tile.x
    turns = flat.dtype.type(scale / (2 * math.pi))
    weight, bias = _map(flat, first, 0, s, 2, 2 * heads)
    for block in range(blocks):
        affine(weight, bias, x[block, 2 * heads * V :], x[block])
    for layer in range(layers):
        kept, leaves = layer if gradients else 0, min(layer, len(tile.edges) - 1)
        weight, bias = _map(flat, first, 1 + layer, s, 2, 2 * heads)
        for h in range(heads):
            for block in range(blocks):
                trig = tile.trig[kept, block, h]
                angles(x[block, 2 * h * V : (2 * h + 2) * V], turns, trig)
                for role in range(2):
                    encode(trig, roles[role], tile.bloch[role, block])
            contract(
                transfer[s, layer, h], tile.bloch[0], tile.bloch[1].reshape(-1), tile.edges[leaves],
                tile.columns[leaves], roles[2], weight[:, 2 * h : 2 * h + 2], bias[2 * h : 2 * h + 2], turns, readout,
                tile.mixed[kept, :blocks, (2 + h * o) * V :], tile.kept[kept, h if gradients else 0], gradients,
            )  # fmt: skip
        weight, bias = _map(flat, first, 1 + layers + layer, s, 2 + heads * o, 2 * heads)
        for block in range(blocks):
            affine(weight, bias, tile.mixed[kept, block], x[block])
    weight, bias = _map(flat, first, 1 + 2 * layers, s, 2 * heads + 2, 1)
    for block in range(blocks):
        affine(weight, bias, x[block], tile.logit[block])


@compiled
def _backward(
    tile: Tile, blocks: int, s: int, scale: float, flat: Array, first: Array, transfer: Array, roles: Array,
    readout: Array, d_flat: Array, d_transfer: Array,
) -> None:  # fmt: skip
    """Take the adjoint of `_forward` for the logits' gradient: adds to d_flat and d_transfer."""
    (layers, heads), o, x, d_x = transfer.shape[1:3], len(readout), tile.x, tile.d_x
    zero, angle = flat.dtype.type(0), flat.dtype.type(scale)
    weight, _ = _map(flat, first, 1 + 2 * layers, s, 2 * heads + 2, 1)
    d_weight, d_bias = _map(d_flat, first, 1 + 2 * layers, s, 2 * heads + 2, 1)
    for block in range(blocks):
        d_affine(weight, x[block], tile.d_logit[block], d_weight, d_bias, d_x[block], 0)
    for layer in range(layers - 1, -1, -1):
        leaves, number = min(layer, len(tile.edges) - 1), 1 + layers + layer
        weight, _ = _map(flat, first, number, s, 2 + heads * o, 2 * heads)
        d_weight, d_bias = _map(d_flat, first, number, s, 2 + heads * o, 2 * heads)
        for block in range(blocks):
            d_affine(weight, tile.mixed[layer, block], d_x[block], d_weight, d_bias, tile.d_z[block], 2)
        d_weight, d_bias = _map(d_flat, first, 1 + layer, s, 2, 2 * heads)
        d_x[:] = zero
        for h in range(heads):
            tile.d_bloch[1] = zero
            part = slice(2 * h, 2 * h + 2)
            d_contract(
                transfer[s, layer, h], tile.d_z[:blocks, h * o * V :], tile.edges[leaves], tile.columns[leaves],
                roles[2], angle, readout, tile.kept[layer, h], tile.d_bloch[0],
                tile.d_bloch[1].reshape(-1), d_weight[:, part], d_bias[part], d_transfer[s, layer, h],
            )  # fmt: skip
            for block in range(blocks):
                for role in range(2):
                    trig, bloch = tile.trig[layer, block, h], tile.bloch[role, block]
                    encode(trig, roles[role], bloch)
                    d_encode(trig, roles[role], angle, bloch, tile.d_bloch[role, block], d_x[block, 2 * h * V :])
    weight, _ = _map(flat, first, 0, s, 2, 2 * heads)
    d_weight, d_bias = _map(d_flat, first, 0, s, 2, 2 * heads)
    for block in range(blocks):
        d_affine(weight, x[block, 2 * heads * V :], d_x[block], d_weight, d_bias, d_x[block], 2)
