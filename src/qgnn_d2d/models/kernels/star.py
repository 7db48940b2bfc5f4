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
from numba import njit

from ..base import PowerModel
from ..qgnn import QGNN
from .base import JIT, Array, Inputs, Kernel
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
    """Workspace of a tile: in B blocks, h heads, o measured numbers; kept for all L layers where gradients are asked.

    Attributes:
        x: (B, (2h + 2) V) what the node maps of a layer yield, then the features f.
        mixed: (L or 1, B, (2 + h o) V) what they take: f, then the measurements z.
        edges: (sets of leaves, B, k, 2 V) edge features.
        columns: (sets of leaves, B, k, V) where a leaf's Bloch vector starts in ``leaf``.
        trig: (L or 1, B, h, TRIG) from `angles`, of the nodes.
        kept: (L, h, B, k, KEPT) from `contract`, or (1, 1, 1, 1, KEPT).
        center: (B, 3 V) Bloch vectors of the nodes as centers.
        leaf: (B, 3 V) as leaves.
        logit: (B, V) of the powers.
        d_logit: (B, V) its gradient, as the following are.
        d_x: (B, (2h + 2) V).
        d_z: (B, h o V).
        d_center: (B, 3 V).
        d_leaf: (B, 3 V).
    """

    x: Array
    mixed: Array
    edges: Array
    columns: Array
    trig: Array
    kept: Array
    center: Array
    leaf: Array
    logit: Array
    d_logit: Array
    d_x: Array
    d_z: Array
    d_center: Array
    d_leaf: Array


@njit(**JIT)
def network(
    inputs: Inputs, leaves: Array, start: int, stop: int, scale: float, flat: Array, first: Array, transfer: Array,
    roles: Array, readout: Array, d_flat: Array, d_transfer: Array, gradients: bool,
) -> tuple[Array, Array]:  # fmt: skip
    """Return `Kernel.run`'s rates and powers; with gradients, set d_flat but for the circuits, and add to d_transfer.

    Args:
        inputs: Without leaves.
        leaves: (S, L or 1, B, M, k).
        start: The first realization.
        stop: One past the last.
        scale: r π: angles lie in plus or minus this.
        flat: (P,) parameters.
        first: Where in it every map's weight and bias start: embed, edge maps, node maps, readout.
        transfer: (S, L, h, 12, 16).
        roles: (3, 3, 3) encodings of center, leaf and edge.
        readout: (o, 4).
        d_flat: (P,).
        d_transfer: (S, L, h, 12, 16), zeros.
        gradients: Whether they are computed.
    """
    real, (seeds, layers, heads) = flat.dtype.type, transfer.shape[:3]
    sets, _, links, k = leaves.shape[1:]
    measured, kept, size = len(readout), layers if gradients else 1, min(stop - start, max(1, LANES // links))
    blocks = -(-size * links // V)
    node, zeros = (2 * heads + 2) * V, np.zeros
    tile = Tile(
        zeros((blocks, node), real), zeros((kept, blocks, (2 + heads * measured) * V), real),
        zeros((sets, blocks, k, 2 * V), real), zeros((sets, blocks, k, V), np.int32),
        zeros((kept, blocks, heads, TRIG), real),
        np.empty((layers, heads, blocks, k, KEPT) if gradients else (1, 1, 1, 1, KEPT), real),
        zeros((blocks, 3 * V), real), zeros((blocks, 3 * V), real), zeros((blocks, V), real), zeros((blocks, V), real),
        zeros((blocks, node), real), zeros((blocks, heads * measured * V), real), zeros((blocks, 3 * V), real),
        zeros((blocks, 3 * V), real),
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


@njit(**JIT)
def _map(flat: Array, first: Array, number: int, s: int, inputs: int, outputs: int) -> tuple[Array, Array]:
    """Return weight (inputs, outputs) and bias (outputs,) of seed s in an affine map, as views."""
    weight, bias = first[2 * number] + s * inputs * outputs, first[2 * number + 1] + s * outputs
    return flat[weight : weight + inputs * outputs].reshape(inputs, outputs), flat[bias : bias + outputs]


@njit(**JIT)
def _load(tile: Tile, inputs: Inputs, leaves: Array, s: int, at: int, count: int, blocks: int, heads: int) -> None:
    """Lay out features and leaves of ``count`` realizations; padding gets zeros, and lane 0 as its leaves."""
    links, k = leaves.shape[3:]
    own, alpha = s if len(inputs.direct) > 1 else 0, s if len(inputs.alpha) > 1 else 0
    for lane in range(blocks * V):
        block, v, b, m = lane // V, lane % V, at + lane // links, lane % links
        f = tile.x[block, 2 * heads * V :]
        padding = lane >= count * links
        f[v] = 0 if padding else inputs.direct[own, b, m]
        f[V + v] = 0 if padding else inputs.alpha[alpha, b, m]
        if padding:
            tile.d_logit[block, v] = 0
        for layer in range(leaves.shape[1]):
            for i in range(k):
                e = tile.edges[layer, block, i]
                if padding:
                    e[v], e[V + v], tile.columns[layer, block, i, v] = 0, 0, 0
                else:
                    j = leaves[s, layer, b, m, i]
                    e[v], e[V + v] = inputs.cross[own, b, m, j], inputs.cross[own, b, j, m]
                    leaf = lane - m + j
                    tile.columns[layer, block, i, v] = leaf // V * (3 * V) + leaf % V
    for x in tile.mixed:
        for block in range(blocks):
            x[block, : 2 * V] = tile.x[block, 2 * heads * V :]


@njit(**JIT)
def _forward(
    tile: Tile, blocks: int, s: int, scale: float, flat: Array, first: Array, transfer: Array, roles: Array,
    readout: Array, gradients: bool,
) -> None:  # fmt: skip
    """Compute logits a [x_L, f]: x_0 = A_0 f, z_l = star_l(r π tanh x_{l-1}, r π tanh B_l e), x_l = A_l [f, z_l]."""
    layers, heads, measured = transfer.shape[1], transfer.shape[2], len(readout)
    turns = flat.dtype.type(scale / (2 * math.pi))
    x, center, leaf = tile.x, tile.center, tile.leaf
    weight, bias = _map(flat, first, 0, s, 2, 2 * heads)
    for block in range(blocks):
        affine(weight, bias, x[block, 2 * heads * V :], x[block])
    for layer in range(layers):
        kept, leaves = layer if gradients else 0, min(layer, len(tile.edges) - 1)
        edge_weight, edge_bias = _map(flat, first, 1 + layer, s, 2, 2 * heads)
        for h in range(heads):
            for block in range(blocks):
                trig = tile.trig[kept, block, h]
                angles(x[block, 2 * h * V : (2 * h + 2) * V], turns, trig)
                encode(trig, roles[0], center[block])
                encode(trig, roles[1], leaf[block])
            z = tile.mixed[kept, :blocks, (2 + h * measured) * V : (2 + (h + 1) * measured) * V]
            contract(
                transfer[s, layer, h], center, leaf.reshape(-1), tile.edges[leaves], tile.columns[leaves], roles[2],
                edge_weight[:, 2 * h : 2 * h + 2], edge_bias[2 * h : 2 * h + 2], turns, readout, z,
                tile.kept[kept, h if gradients else 0], gradients,
            )  # fmt: skip
        weight, bias = _map(flat, first, 1 + layers + layer, s, 2 + heads * measured, 2 * heads)
        for block in range(blocks):
            affine(weight, bias, tile.mixed[kept, block], x[block])
    weight, bias = _map(flat, first, 1 + 2 * layers, s, 2 * heads + 2, 1)
    for block in range(blocks):
        affine(weight, bias, x[block], tile.logit[block])


@njit(**JIT)
def _backward(
    tile: Tile, blocks: int, s: int, scale: float, flat: Array, first: Array, transfer: Array, roles: Array,
    readout: Array, d_flat: Array, d_transfer: Array,
) -> None:  # fmt: skip
    """Take the adjoint of `_forward` for the logits' gradient: adds to d_flat and d_transfer."""
    layers, heads, measured, real = transfer.shape[1], transfer.shape[2], len(readout), flat.dtype.type
    angle, d_x, center, leaf, d_leaf = real(scale), tile.d_x, tile.center, tile.leaf, tile.d_leaf
    weight, _ = _map(flat, first, 1 + 2 * layers, s, 2 * heads + 2, 1)
    d_weight, d_bias = _map(d_flat, first, 1 + 2 * layers, s, 2 * heads + 2, 1)
    for block in range(blocks):
        d_affine(weight, tile.x[block], tile.d_logit[block], d_weight, d_bias, d_x[block], 0)
    for layer in range(layers - 1, -1, -1):
        leaves, number, mixed = min(layer, len(tile.edges) - 1), 1 + layers + layer, 2 + heads * measured
        weight, _ = _map(flat, first, number, s, mixed, 2 * heads)
        d_weight, d_bias = _map(d_flat, first, number, s, mixed, 2 * heads)
        for block in range(blocks):
            d_affine(weight, tile.mixed[layer, block], d_x[block], d_weight, d_bias, tile.d_z[block], 2)
        d_edge_weight, d_edge_bias = _map(d_flat, first, 1 + layer, s, 2, 2 * heads)
        d_x[:] = real(0)
        for h in range(heads):
            d_leaf[:] = real(0)
            d_contract(
                transfer[s, layer, h], tile.d_z[:blocks, h * measured * V : (h + 1) * measured * V],
                tile.edges[leaves], tile.columns[leaves], roles[2], angle, readout, tile.kept[layer, h], tile.d_center,
                d_leaf.reshape(-1), d_edge_weight[:, 2 * h : 2 * h + 2], d_edge_bias[2 * h : 2 * h + 2],
                d_transfer[s, layer, h],
            )  # fmt: skip
            for block in range(blocks):
                trig, to = tile.trig[layer, block, h], d_x[block, 2 * h * V : (2 * h + 2) * V]
                encode(trig, roles[0], center[block])
                d_encode(trig, roles[0], angle, center[block], tile.d_center[block], to)
                encode(trig, roles[1], leaf[block])
                d_encode(trig, roles[1], angle, leaf[block], d_leaf[block], to)
    weight, _ = _map(flat, first, 0, s, 2, 2 * heads)
    d_weight, d_bias = _map(d_flat, first, 0, s, 2, 2 * heads)
    for block in range(blocks):
        d_affine(weight, tile.x[block, 2 * heads * V :], d_x[block], d_weight, d_bias, d_x[block], 2)
