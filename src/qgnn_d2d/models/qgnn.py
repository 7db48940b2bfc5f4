"""The paper's quantum graph network: classical maps around the star circuits of `quantum.ansatz`."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import torch

from ..quantum import ansatz
from ..quantum.engine.star import Program, StarEngine
from ..quantum.engine.transfer import identity
from ..settings.model import NoiseModel, QGNNOptions, TwinFreeOptions
from .ensemble import Generators, stacked_uniform
from .star_network import StarNetwork

if TYPE_CHECKING:
    from ..quantum.estimators import Estimator


class TensorNetwork(StarNetwork):
    """A `StarNetwork` whose stars are contracted with transfer tensors, by a `StarEngine`.

    Args:
        generators: One per seed.
        options: Stars, layers, heads, angles.
        engine: What encodes angles, contracts stars and measures the center.
    """

    def __init__(self, generators: Generators, options: QGNNOptions | TwinFreeOptions, engine: StarEngine) -> None:
        super().__init__(generators, options, len(engine.ansatz.observables))
        self.engine = engine

    @abstractmethod
    def transfer(self) -> torch.Tensor:
        """Return T of every layer and head, (S, L, h, R, 1 + R, 16); see `StarEngine.transfer`."""

    def prepare(self) -> torch.Tensor | None:
        """Return T."""
        return self.transfer()

    def measure(
        self,
        layer: int,
        prepared: torch.Tensor | None,
        nodes: torch.Tensor,
        edges: torch.Tensor,
        columns: torch.Tensor,
    ) -> torch.Tensor:
        """See `StarNetwork.measure`: what is read out of the centers."""
        assert prepared is not None
        transfer = prepared[:, layer].flatten(0, 1).unsqueeze(1)
        centers = self.engine.encode(nodes, "center")
        # Encoding before gathering: k times fewer sines. Without noise, a node is encoded alike in both roles.
        as_leaves = centers if self.engine.program.encodings is None else self.engine.encode(nodes, "leaf")
        leaves = self.leaves_of(as_leaves, columns)
        return self.engine.contract(transfer, centers, leaves, self.engine.encode(edges, "edge"))


class QGNN(TensorNetwork):
    r"""The paper's quantum graph network: a `StarNetwork` whose stars are circuits; one head is the paper.

    A star is `ansatz.qgcl`: RX, RZ encoding of center, leaves and edges, one shared block per leaf in turn, then
    ⟨X⟩, ⟨Y⟩, ⟨Z⟩ of the center; another circuit of `ansatz.ANSATZE` can take its place. L(6h² + 12h + 9hE) + 8h + 3
    parameters.

    Args:
        generators: One per seed.
        options: Stars, layers, heads, circuit, angles, noise.

    Attributes:
        estimator: None, or what measures the stars instead of the exact engine (see `quantum.estimators`), without
            gradients.
    """

    estimator: Estimator | None = None

    def __init__(self, generators: Generators, options: QGNNOptions) -> None:
        star = ansatz.build(options.circuit, options.entangling_layers)
        program = None if options.noise is None else _noisy_program(star, options.noise)
        super().__init__(generators, options, StarEngine(star, program))
        shape = (options.layers, options.heads, star.num_parameters)
        self.block_angles = stacked_uniform(shape, options.start_range, generators)

    @property
    def circuit(self) -> str:
        """See `PowerModel.circuit`."""
        return identity(self.engine.ansatz)

    def transfer(self) -> torch.Tensor:
        """See `TensorNetwork.transfer`."""
        return self.engine.transfer(self.block_angles)

    def prepare(self) -> torch.Tensor | None:
        """Return T; None where an estimator measures."""
        return self.transfer() if self.estimator is None else None

    def measure(
        self,
        layer: int,
        prepared: torch.Tensor | None,
        nodes: torch.Tensor,
        edges: torch.Tensor,
        columns: torch.Tensor,
    ) -> torch.Tensor:
        """See `StarNetwork.measure`: the circuits' expectation values."""
        if prepared is None:
            assert self.estimator is not None
            angles = self.block_angles[:, layer].flatten(0, 1)
            return self.estimator(angles, nodes, self.leaves_of(nodes, columns), edges)
        return super().measure(layer, prepared, nodes, edges, columns)


def _noisy_program(star: ansatz.Ansatz, noise: NoiseModel) -> Program:
    from ..quantum.hardware.devices import line_for
    from ..quantum.hardware.noise import program

    return program(star, line_for(noise), idle=noise.idle)
