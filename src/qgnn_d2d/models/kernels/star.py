"""Star networks whose stars are circuits: powers, rates and all gradients in one pass.

A seed's realizations are cut into tiles of about 160 nodes. Node m of a tile's realization b is lane b M + m, and W
lanes are a block of vectors; lanes without a node have features of zero. Forward and backward pass of a tile run back
to back, while what the forward pass keeps is in the cache. Names as in `StarNetwork` and `StarEngine`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeGuard

import numpy as np
import torch

from ...compiled import compiled
from ..base import PowerModel
from ..qgnn import QGNN, TensorNetwork
from ..twin_free import SCALE, TwinFree
from .base import Array, Inputs, Kernel
from .contraction import EDGE, LEAF, MEMORY, contract, d_contract
from .lanes import affine, angles, d_affine, d_encode, encode, put, three
from .rates import sum_rate
from .transfer import Plan
from .vectors import W, add, load, store, total

LANES = 160
"""Nodes of a tile, about."""


def serves(model: PowerModel) -> TypeGuard[TensorNetwork]:
    """Whether `StarKernel` computes a model: `TwinFree`, or a `QGNN` with angles, no ancilla and no estimator."""
    if not isinstance(model, QGNN):
        trained = model.entries if isinstance(model, TwinFree) else None
    elif model.estimator is not None or model.engine.num_memory != 1:
        trained = None
    else:
        gates = (step.gate for step in model.engine.program.steps)
        few = all(isinstance(gate, np.ndarray) or gate.num_angles <= 3 for gate in gates)
        trained = model.block_angles if few and model.block_angles.numel() else None
    if trained is None:
        return False
    return trained.device.type == "cpu" and trained.dtype in (torch.float32, torch.float64)


class Scaled:
    """In the place of a `Plan` where T itself is trained: T is a factor times the parameters."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def forward(self, entries: Array) -> Array:
        """Return T."""
        return entries * entries.dtype.type(self.factor)

    def backward(self, d_transfer: Array, d_entries: Array) -> None:
        """Set the gradient of the entries from that of T."""
        np.multiply(d_transfer, d_transfer.dtype.type(self.factor), out=d_entries)


class StarKernel(Kernel):
    """The kernel of a model that it `serves`."""

    model: TensorNetwork

    def __init__(self, model: TensorNetwork) -> None:
        super().__init__(model)
        real, engine = self.parameters.dtype, model.engine
        self._trained = "entries" if isinstance(model, TwinFree) else "block_angles"
        self._plan = Scaled(SCALE) if isinstance(model, TwinFree) else Plan(engine, real)
        self._roles, self._readout = engine.encodings.astype(real), engine.readout.astype(real)
        steps = [f"{kind}_maps.{layer}" for kind in ("edge", "node") for layer in range(model.layers)]
        start, size = self.parameters.ctypes.data, self.parameters.itemsize
        weights = [self.values[f"{name}.weight"] for name in ("embed", *steps, "readout")]
        self._maps = np.array([(weight.ctypes.data - start) // size for weight in weights])

    def run(self, inputs: Inputs, start: int, stop: int, *, gradients: bool) -> tuple[Array, Array]:
        """See `Kernel.run`."""
        model, leaves = self.model, inputs.leaves
        assert leaves is not None
        if not 0 <= start < stop <= leaves.shape[2]:
            raise ValueError(f"realizations are {start} to {stop}; they must be from 0 to {leaves.shape[2]}")
        trained = self.values[self._trained].reshape(model.num_seeds * model.layers * model.heads, -1)
        transfer = self._plan.forward(trained)
        d_transfer = np.zeros_like(transfer)
        shape = (model.num_seeds, model.layers, model.heads, 3, 4, 16)
        circuit = Circuit(
            model.angle_scale, transfer.reshape(shape), d_transfer.reshape(shape), self._roles, self._readout
        )
        rates, power = _network(
            inputs._replace(leaves=None), leaves, start, stop, circuit, self.flat, self._maps, gradients,
        )  # fmt: skip
        if gradients:
            self._plan.backward(d_transfer, self.slopes[self._trained].reshape(trained.shape))
        return rates, power


class Circuit(NamedTuple):
    """The largest angle r π, T (S, L, h, 3, 4, 16) and its gradient, encodings (3, 3, 3), readout (o, 4)."""

    scale: float
    transfer: Array
    d_transfer: Array
    roles: Array
    readout: Array


class Tile(NamedTuple):
    """Workspace of B blocks, for L layers, h heads, k leaves and o measured numbers."""

    nodes: Array  # (L + 1, B, 2h + 2 + h o, W): x_l (2h rows), f (2) and z_l (h o) of every layer, then x_L and f
    d_nodes: Array
    edges: Array  # (sets of leaves, B, k, 2, W) edge features
    columns: Array  # (sets of leaves, B, k, W) where in `bloch` a leaf's Bloch vector starts
    trig: Array  # (L, h, B, 1 + k, 6, W): `angles` of the nodes, then of the edges
    stars: Array  # (L, h, B, k + 1, 12, W): see `contraction`
    d_star: Array  # (k + 1, 12, W)
    bloch: Array  # (B, 3, W) Bloch vectors of the nodes as leaves
    d_bloch: Array
    sums: Array  # (7, W): gradients of an edge map, and a row for `d_contract`
    logit: Array  # (B, 1, W)
    d_logit: Array


@compiled
def _network(
    inputs: Inputs, leaves: Array, start: int, stop: int, circuit: Circuit, flat: Array, maps: Array, gradients: bool
) -> tuple[Array, Array]:  # fmt: skip
    """Return `Kernel.run`'s rates and powers; with gradients, set those in flat but for T's, and add to d_transfer.

    leaves (S, L or 1, B, M, k). flat: see `Kernel`; maps: where in it embed, edge maps, node maps and readout start.
    """
    real, (seeds, layers, heads) = flat.dtype.type, circuit.transfer.shape[:3]
    (sets, _, links, k), o = leaves.shape[1:], len(circuit.readout)
    size = min(stop - start, max(1, LANES // links))
    blocks = -(-size * links // W)
    nodes, bloch, logit = (layers + 1, blocks, 2 * heads + 2 + heads * o, W), (blocks, 3, W), (blocks, 1, W)
    tile = Tile(
        np.zeros(nodes, real), np.zeros(nodes, real), np.zeros((sets, blocks, k, 2, W), real),
        np.zeros((sets, blocks, k, W), np.int32), np.empty((layers, heads, blocks, 1 + k, 6, W), real),
        np.ones((layers, heads, blocks, k + 1, MEMORY + 3, W), real), np.empty((k + 1, MEMORY + 3, W), real),
        np.empty(bloch, real), np.empty(bloch, real), np.empty((7, W), real), np.empty(logit, real),
        np.zeros(logit, real),
    )  # fmt: skip
    rates, power = np.zeros(seeds), np.empty((seeds, stop - start, links), real)
    slope = -1.0 / (stop - start) if gradients else 0.0
    if gradients:
        flat[1] = 0
    for s in range(seeds):
        own, weight = min(s, len(inputs.gain) - 1), min(s, len(inputs.weight) - 1)
        for at in range(start, stop, size):
            count = min(size, stop - at)
            _load(tile, inputs, leaves[s], s, at, count, heads)
            _forward(tile, circuit, s, flat, maps)
            for b in range(count):
                lanes = slice(b * links, (b + 1) * links)
                rates[s] += sum_rate(
                    tile.logit.reshape(-1)[lanes], inputs.gain[own, at + b], inputs.weight[weight, at + b],
                    inputs.noise_power, inputs.p_max, slope, power[s, at + b - start], tile.d_logit.reshape(-1)[lanes],
                )  # fmt: skip
            if gradients:
                _backward(tile, circuit, s, flat, maps)
    return rates, power


@compiled
def _load(tile: Tile, inputs: Inputs, leaves: Array, s: int, at: int, count: int, heads: int) -> None:
    """Lay out features and leaves of ``count`` realizations; lanes without a node have lane 0 as their leaves."""
    (sets, _, links, k), f = leaves.shape, tile.nodes[:, :, 2 * heads : 2 * heads + 2]
    own, own_alpha = min(s, len(inputs.direct) - 1), min(s, len(inputs.alpha) - 1)
    for lane in range(count * links, f.shape[1] * W):
        block, v = lane // W, lane % W
        f[:, block, :, v], tile.edges[:, block, :, :, v] = 0, 0
        tile.columns[:, block, :, v], tile.d_logit[block, 0, v] = 0, 0
    for lane in range(count * links):
        block, v, b, m = lane // W, lane % W, at + lane // links, lane % links
        f[:, block, 0, v], f[:, block, 1, v] = inputs.direct[own, b, m], inputs.alpha[own_alpha, b, m]
        for layer in range(sets):
            for i in range(k):
                j, e = leaves[layer, b, m, i], tile.edges[layer, block, i]
                e[0, v], e[1, v] = inputs.cross[own, b, m, j], inputs.cross[own, b, j, m]
                leaf = lane - m + j
                tile.columns[layer, block, i, v] = leaf // W * (3 * W) + leaf % W


@compiled
def _map(circuit: Circuit, flat: Array, maps: Array, number: int, s: int, inputs: int, outputs: int) -> Any:
    """Return weight (inputs, outputs) and bias (outputs,) of seed s in an affine map, and their gradients, as views."""
    size = inputs * outputs
    weight, bias = maps[number] + s * size, maps[number] + len(circuit.transfer) * size + s * outputs
    values, slopes = flat[0], flat[1]
    return (
        values[weight : weight + size].reshape(inputs, outputs), values[bias : bias + outputs],
        slopes[weight : weight + size].reshape(inputs, outputs), slopes[bias : bias + outputs],
    )  # fmt: skip


@compiled
def _forward(tile: Tile, circuit: Circuit, s: int, flat: Array, maps: Array) -> None:
    """Compute logits a [x_L, f]: x_0 = A_0 f, z_l = star_l(r π tanh x_{l-1}, r π tanh B_l e), x_l = A_l [f, z_l]."""
    (layers, heads), o, nodes = circuit.transfer.shape[1:3], len(circuit.readout), tile.nodes
    affine(_map(circuit, flat, maps, 0, s, 2, 2 * heads), nodes[0], 2 * heads, nodes[0], 0)
    for layer in range(layers):
        edge_map = _map(circuit, flat, maps, 1 + layer, s, 2, 2 * heads)
        for h in range(heads):
            _measure(tile, circuit, s, layer, h, edge_map)
        node_map = _map(circuit, flat, maps, 1 + layers + layer, s, 2 + heads * o, 2 * heads)
        affine(node_map, nodes[layer], 2 * heads, nodes[layer + 1], 0)
    affine(_map(circuit, flat, maps, 1 + 2 * layers, s, 2 * heads + 2, 1), nodes[layers], 0, tile.logit, 0)


@compiled
def _backward(tile: Tile, circuit: Circuit, s: int, flat: Array, maps: Array) -> None:
    """Take the adjoint of `_forward` for the logits' gradient: adds to the gradients in flat and to d_transfer."""
    (layers, heads), o, nodes, d = circuit.transfer.shape[1:3], len(circuit.readout), tile.nodes, tile.d_nodes
    readout = _map(circuit, flat, maps, 1 + 2 * layers, s, 2 * heads + 2, 1)
    d_affine(readout, nodes[layers], d[layers], 0, tile.d_logit, 0)
    for layer in range(layers - 1, -1, -1):
        node_map = _map(circuit, flat, maps, 1 + layers + layer, s, 2 + heads * o, 2 * heads)
        d_affine(node_map, nodes[layer], d[layer], 2 * heads, d[layer + 1], 0)
        edge_map = _map(circuit, flat, maps, 1 + layer, s, 2, 2 * heads)
        for h in range(heads):
            _d_measure(tile, circuit, s, layer, h, edge_map)
    d_affine(_map(circuit, flat, maps, 0, s, 2, 2 * heads), nodes[0], d[0], 2 * heads, d[0], 0)


@compiled
def _measure(tile: Tile, circuit: Circuit, s: int, layer: int, h: int, edge_map: Any) -> None:
    """Set z of one head of a layer: encode center, leaves and edges, contract the leaves, measure the center."""
    weight, bias, _, _ = edge_map
    t, readout, (k, _, _) = circuit.transfer[s, layer, h], circuit.readout, tile.edges.shape[2:]
    turns, leaves = circuit.scale / (2 * math.pi), min(layer, len(tile.edges) - 1)
    first = 2 * circuit.transfer.shape[2] + 2 + h * len(readout)
    for block in range(len(tile.bloch)):
        x, trig, star = tile.nodes[layer, block], tile.trig[layer, h, block, 0], tile.stars[layer, h, block, 0]
        angles(load(x, 2 * h), load(x, 2 * h + 1), turns, trig)
        put(star, MEMORY, encode(trig, circuit.roles[0]))
        put(tile.bloch[block], 0, encode(trig, circuit.roles[1]))
    bloch = tile.bloch.reshape(-1)
    for block in range(len(tile.bloch)):
        for i in range(k):
            trig, star = tile.trig[layer, h, block, 1 + i], tile.stars[layer, h, block, i]
            e0, e1 = load(tile.edges[leaves, block, i], 0), load(tile.edges[leaves, block, i], 1)
            a = bias[2 * h] + weight[0, 2 * h] * e0 + weight[1, 2 * h] * e1
            b = bias[2 * h + 1] + weight[0, 2 * h + 1] * e0 + weight[1, 2 * h + 1] * e1
            angles(a, b, turns, trig)
            put(star, EDGE, encode(trig, circuit.roles[2]))
            for v in range(W):
                j = tile.columns[leaves, block, i, v]
                star[LEAF, v], star[LEAF + 1, v], star[LEAF + 2, v] = bloch[j], bloch[j + W], bloch[j + 2 * W]
            contract(t, star, tile.stars[layer, h, block, i + 1])
        x, y, z = three(tile.stars[layer, h, block, k], MEMORY)
        for c in range(len(readout)):
            value = readout[c, 0] + readout[c, 1] * x + readout[c, 2] * y + readout[c, 3] * z
            store(tile.nodes[layer, block], first + c, value)


@compiled
def _d_measure(tile: Tile, circuit: Circuit, s: int, layer: int, h: int, edge_map: Any) -> None:
    """Take the adjoint of `_measure`: set dx of the head, and add to the edge map's gradients and to d_transfer."""
    _, _, d_weight, d_bias = edge_map
    t, d_t, readout = circuit.transfer[s, layer, h], circuit.d_transfer[s, layer, h], circuit.readout
    leaves, k, d_star, sums = min(layer, len(tile.edges) - 1), tile.edges.shape[2], tile.d_star, tile.sums
    first = 2 * circuit.transfer.shape[2] + 2 + h * len(readout)
    tile.d_bloch[:], sums[:], d_bloch = 0, 0, tile.d_bloch.reshape(-1)
    for block in range(len(tile.bloch)):
        for b in range(3):
            g = readout[0, b + 1] * load(tile.d_nodes[layer, block], first)
            for c in range(1, len(readout)):
                g += readout[c, b + 1] * load(tile.d_nodes[layer, block], first + c)
            store(d_star[k], MEMORY + b, g)
        for i in range(k - 1, -1, -1):
            trig, d = tile.trig[layer, h, block, 1 + i], d_star[i]
            d_contract(t, tile.stars[layer, h, block, i], d_star[i + 1], d, d_t, tile.sums[6])
            da, db = d_encode(trig, circuit.roles[2], three(d, EDGE), circuit.scale)
            e0, e1 = load(tile.edges[leaves, block, i], 0), load(tile.edges[leaves, block, i], 1)
            add(sums, 0, da * e0), add(sums, 1, da * e1), add(sums, 2, da)
            add(sums, 3, db * e0), add(sums, 4, db * e1), add(sums, 5, db)
            for v in range(W):
                j = tile.columns[leaves, block, i, v]
                d_bloch[j] += d[LEAF, v]
                d_bloch[j + W] += d[LEAF + 1, v]
                d_bloch[j + 2 * W] += d[LEAF + 2, v]
        trig = tile.trig[layer, h, block, 0]
        da, db = d_encode(trig, circuit.roles[0], three(d_star[0], MEMORY), circuit.scale)
        store(tile.d_nodes[layer, block], 2 * h, da), store(tile.d_nodes[layer, block], 2 * h + 1, db)
    for block in range(len(tile.bloch)):
        trig = tile.trig[layer, h, block, 0]
        da, db = d_encode(trig, circuit.roles[1], three(tile.d_bloch[block], 0), circuit.scale)
        add(tile.d_nodes[layer, block], 2 * h, da), add(tile.d_nodes[layer, block], 2 * h + 1, db)
    for i in range(2):
        d_weight[0, 2 * h + i] += total(load(sums, 3 * i))
        d_weight[1, 2 * h + i] += total(load(sums, 3 * i + 1))
        d_bias[2 * h + i] += total(load(sums, 3 * i + 2))
