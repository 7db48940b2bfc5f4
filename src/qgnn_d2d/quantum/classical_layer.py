"""Star circuits as a classical layer: the star engine's tensor T, evaluated with NumPy alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..io import read_npz, write_npz

if TYPE_CHECKING:
    from torch import Tensor

    from .engine.star import StarEngine


@dataclass(frozen=True, eq=False)
class ClassicalStars:
    """Star circuits with fixed block angles, as arrays, which NumPy alone evaluates.

    Values are those of `StarEngine` and of `StarLayer` with the same angles, in float64, for any number of leaves.

    Attributes:
        transfer: (..., 4^m, 4^m, 4, 4): T of every block, with the identity's row, for a memory of m qubits. A trained
            network has leading dims (layers, heads).
        encodings: (3, 3, 3): matrices A of center, leaf and edge. Angles a and b give the Bloch vector
            A (1, cos a, sin a), turned about Z by b.
        readout: (observables, 4^m): the memory's final coordinates to what is measured.

    Raises:
        ValueError: Shapes that do not belong together, or entries that are not finite.

    Example:
        >>> import torch
        >>> from qgnn_d2d.quantum import ClassicalStars, StarEngine, ansatz
        >>> stars = ClassicalStars.of(StarEngine(ansatz.qgcl()), torch.zeros(18))
        >>> stars.transfer.shape, stars(np.zeros(14)).round(6).tolist()  # k = 3, all qubits in |0>
        ((4, 4, 4, 4), [0.0, 0.0, 1.0])
    """

    transfer: NDArray[np.float64]
    encodings: NDArray[np.float64]
    readout: NDArray[np.float64]

    def __post_init__(self) -> None:
        size = self.readout.shape[-1]
        fit = self.transfer.shape[-4:] == (size, size, 4, 4) and self.encodings.shape == (3, 3, 3)
        if not fit or self.readout.ndim != 2 or size not in (4, 16, 64):
            shapes = ", ".join(str(part.shape) for part in asdict(self).values())
            raise ValueError(
                f"transfer, encodings and readout have shapes {shapes}; they must be (..., 4^m, 4^m, 4, 4), (3, 3, 3) "
                "and (observables, 4^m)"
            )
        for name, part in asdict(self).items():
            if part.dtype != np.float64 or not np.isfinite(part).all():
                raise ValueError(f"{name} is of type {part.dtype}; it must be float64, all entries finite")

    @classmethod
    def of(cls, engine: StarEngine, weights: Tensor) -> ClassicalStars:
        """Return the stars of a circuit under its engine's program (ideal or noisy).

        Args:
            engine: Of the circuit; a trained QGNN's is its ``engine``.
            weights: (..., P) block angles, rad; those of seed s of a QGNN are its ``block_angles[s]``, (L, h, P).
        """
        rows = engine.transfer(weights.detach().double().cpu()).numpy()  # (..., R, 1 + R, 16), without the identity's
        size = 1 + engine.num_rows
        transfer = np.zeros((*rows.shape[:-3], size, size, 4, 4))
        transfer[..., 0, 0, 0, 0] = 1
        transfer[..., 1:, :, :, :] = rows.reshape(*rows.shape[:-1], 4, 4)
        return cls(transfer, engine.encodings.astype(np.float64), engine.readout.astype(np.float64))

    def __call__(self, angles: ArrayLike, *block: int) -> NDArray[np.float64]:
        """Return what is measured of stars.

        Args:
            angles: (..., 4k + 2) encoding angles, rad: two per qubit, RX then RZ, qubits in the order center, leaf 1,
                edge 1, leaf 2, edge 2, ...
            block: Which T, from 0: layer and head of a trained network; nothing where there is one.

        Returns:
            (..., observables).

        Raises:
            ValueError: Angles of another size, or there is no such block.
        """
        angles = np.asarray(angles, np.float64)
        count = angles.shape[-1] if angles.ndim else 0
        if count < 6 or count % 4 != 2:
            raise ValueError(
                f"angles have shape {angles.shape}; it must be (..., 4k + 2), two angles per qubit of a star"
            )
        blocks = self.transfer.shape[:-4]
        if len(block) != len(blocks) or not all(0 <= i < n for i, n in zip(block, blocks, strict=True)):
            raise ValueError(f"block is {block}; its dims are {blocks}, counted from 0")
        qubits = angles.reshape(*angles.shape[:-1], count // 2, 2)
        transfer, memory = self.transfer[block], self._encoded(qubits[..., 0, :], 0)
        while memory.shape[-1] < len(transfer):  # further qubits of the memory start in |0>: (1, 0, 0, 1)
            memory = (memory[..., None] * np.array([1.0, 0, 0, 1])).reshape(*memory.shape[:-1], -1)
        for i in range(1, count // 2, 2):
            pair = [self._encoded(qubits[..., i + role, :], 1 + role) for role in (0, 1)]
            memory = np.einsum("abcd,...b,...c,...d->...a", transfer, memory, *pair, optimize=True)
        return memory @ self.readout.T

    def _encoded(self, angles: NDArray[np.float64], role: int) -> NDArray[np.float64]:
        """Return Pauli coordinates (..., 4) of qubits that encode angles (..., 2)."""
        a, b = angles[..., 0], angles[..., 1]
        x, y, z = np.moveaxis(
            np.stack([np.ones_like(a), np.cos(a), np.sin(a)], axis=-1) @ self.encodings[role].T, -1, 0
        )
        return np.stack([np.ones_like(a), x * np.cos(b) - y * np.sin(b), x * np.sin(b) + y * np.cos(b), z], axis=-1)

    def save(self, path: Path | str) -> None:
        """Write the arrays by their names as a NumPy archive (.npz)."""
        write_npz(path, asdict(self))

    @classmethod
    def load(cls, path: Path | str) -> ClassicalStars:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is another file, or its arrays do not fit; the line names it.
        """
        found = read_npz(path)
        if found.keys() != cls.__dataclass_fields__.keys():
            raise ValueError(f"{path}: arrays are {sorted(found)}; they must be {sorted(cls.__dataclass_fields__)}")
        try:
            return cls(**found)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
