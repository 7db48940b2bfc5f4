"""The QGCL circuit, written once, as PennyLane quantum functions.

A star has a center, k leaves and k edges, one qubit each: 2k + 1 qubits (7 for the paper's Fig. 1). Every qubit is
encoded by RX, then RZ. Then one block acts on (center, leaf, edge) for every leaf in turn. An `Ansatz` names the
qubits that are kept from leaf to leaf (the memory: the center, and the ancilla where there is one), the block, and
the Pauli words that are measured. The PennyLane circuits (`quantum.qnode`), the drawing of Fig. 1, the exact star
engine (`quantum.engine`) and the native circuits (`quantum.hardware`) are all derived from it; nothing else in the
project knows a gate of the circuit.

A block of your own becomes a circuit by `of_block`, or as an `Ansatz`: `StarEngine` and `StarLayer` take it as it is. A
config names it as ``module:function``, from any module (`build`). A circuit of the library is a function here, and its
name is in `settings.model.Circuit`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import pennylane as qml
import torch
from torch import Tensor

from ..checks import require_choice, require_count, shown
from ..own_code import imported
from ..settings.model import Circuit


@dataclass(frozen=True)
class Ansatz:
    """One star circuit.

    Attributes:
        name: For messages; one of `ANSATZE` where the config names it.
        memory: Wires that live through all leaves; the first is the center, the others start in |0>.
        block: Quantum function ``block(weights, *memory, leaf, edge)`` with ``weights`` of shape (num_parameters,).
            It is made of any unitary PennyLane operators. Each takes its angles from ``weights`` as they are, or is
            constant.
        num_parameters: Angles of one block.
        observables: Pauli words on the memory (one letter per memory wire) that make up the embedding. A word of I
            alone is 1 for every star.

    Raises:
        ValueError: An observable is no such word, there is none, or the number of angles is no integer of at least 0.
    """

    name: str
    memory: tuple[str, ...]
    block: Callable[..., None]
    num_parameters: int
    observables: tuple[str, ...]

    def __post_init__(self) -> None:
        require_count(f"num_parameters of ansatz {self.name}", self.num_parameters, minimum=0)
        words: object = self.observables
        if not isinstance(words, tuple) or not words:
            raise ValueError(
                f"observables of ansatz {self.name} are {self.observables!r}; they must be a tuple of at least one word"
            )
        for word in self.observables:
            if not isinstance(word, str) or len(word) != len(self.memory) or not set(word) <= set("IXYZ"):
                raise ValueError(
                    f"observable of ansatz {self.name} is {word!r}; it must have one letter of IXYZ for each of the "
                    f"memory's {len(self.memory)} wires"
                )

    @property
    def constant(self) -> list[bool]:
        """Whether each observable is a word of I alone, which is 1 whatever is done to a star."""
        return [not word.strip("I") for word in self.observables]


def encode(angles: Any, wire: Any) -> None:
    """Encode two angles (..., 2) into ``wire``, which starts in |0>: RX of the first, then RZ of the second."""
    qml.RX(angles[..., 0], wires=wire)
    qml.RZ(angles[..., 1], wires=wire)


def encoded_bloch(angles: Tensor) -> Tensor:
    """Return the Bloch vectors (..., 3, N) of `encode` for angles (..., 2, N), in radians.

    They are (sin a sin b, -sin a cos b, cos a): the expectation values of X, Y and Z after RX(a), then RZ(b).
    """
    sine, cosine = torch.sin(angles), torch.cos(angles)
    sin_a, sin_b = sine.unbind(-2)
    cos_a, cos_b = cosine.unbind(-2)
    return torch.stack([sin_a * sin_b, -sin_a * cos_b, cos_a], dim=-2)


def qgcl(entangling_layers: int = 2) -> Ansatz:
    """The paper's layer: a shared block on (center, leaf, edge), X, Y and Z of the center measured; 9E angles."""

    def block(weights: Any, center: Any, leaf: Any, edge: Any) -> None:
        qml.StronglyEntanglingLayers(qml.math.reshape(weights, (entangling_layers, 3, 3)), wires=[center, leaf, edge])

    return Ansatz("qgcl", ("center",), block, 9 * entangling_layers, ("X", "Y", "Z"))


def qgcl_commuting(entangling_layers: int = 2) -> Ansatz:
    """A layer whose leaves may come in any order: their blocks commute, as they act on the center by ZZ rotations only.

    Strongly entangling layers on (leaf, edge), then exp(-iθ/2 ZZ) of (leaf, center) and of (edge, center); X, Y and Z
    of the center are measured (Z is that of the encoding). 6E + 2 angles.
    """

    def block(weights: Any, center: Any, leaf: Any, edge: Any) -> None:
        layers = qml.math.reshape(weights[:-2], (entangling_layers, 2, 3))
        qml.StronglyEntanglingLayers(layers, wires=[leaf, edge])
        qml.IsingZZ(weights[-2], wires=[leaf, center])
        qml.IsingZZ(weights[-1], wires=[edge, center])

    return Ansatz("qgcl_commuting", ("center",), block, 6 * entangling_layers + 2, ("X", "Y", "Z"))


def qgcl_ancilla(entangling_layers: int = 2) -> Ansatz:
    """The public code's layer: a message on (leaf, edge), then an update on (center, leaf, ancilla).

    The message is CRX(leaf -> edge), CRY(edge -> leaf) and strongly entangling layers on (edge, leaf); the update is
    strongly entangling layers on (center, leaf, ancilla). Z of the center and of the ancilla are measured. The first
    2 + 6E angles belong to the message (`num_message_parameters`), the other 9E to the update.
    """
    message_end = num_message_parameters(entangling_layers)

    def block(weights: Any, center: Any, ancilla: Any, leaf: Any, edge: Any) -> None:
        qml.CRX(weights[0], wires=[leaf, edge])
        qml.CRY(weights[1], wires=[edge, leaf])
        message = qml.math.reshape(weights[2:message_end], (entangling_layers, 2, 3))
        qml.StronglyEntanglingLayers(message, wires=[edge, leaf])
        update = qml.math.reshape(weights[message_end:], (entangling_layers, 3, 3))
        qml.StronglyEntanglingLayers(update, wires=[center, leaf, ancilla])

    num_parameters = message_end + 9 * entangling_layers
    return Ansatz("qgcl_ancilla", ("center", "ancilla"), block, num_parameters, ("ZI", "IZ"))


def num_message_parameters(entangling_layers: int) -> int:
    """Return how many of `qgcl_ancilla`'s angles belong to the message: 2 + 6E."""
    return 2 + 6 * entangling_layers


ANSATZE: dict[str, Callable[[int], Ansatz]] = {name: globals()[name] for name in get_args(Circuit)}
"""The circuits that a config can name; the list is `settings.model.Circuit`."""


def build(name: str, entangling_layers: int = 2) -> Ansatz:
    """Return the ansatz called ``name``.

    Args:
        name: A key of `ANSATZE`, or ``module:function``: a block as `of_block` takes it, or an `Ansatz`. The module is
            looked for on Python's path (PYTHONPATH), then in the working directory.
        entangling_layers: E, strongly entangling layers per block (or part of it) of the circuits in `ANSATZE`.

    Raises:
        ValueError: There is no such ansatz, module or function, the module cannot be imported, what is named is no
            block, or E is below 1.
    """
    if ":" in str(name):
        return _own(name)
    require_choice("circuit", name, ANSATZE)
    require_count("entangling_layers", entangling_layers)
    return ANSATZE[name](entangling_layers)


def of_block(block: Callable[..., None], name: str | None = None) -> Ansatz:
    """Return the circuit of a block whose X, Y and Z of the center are measured.

    Args:
        block: Quantum function ``block(weights, center, leaf, edge)`` as in `Ansatz`. It takes its angles one by one,
            ``weights[0]``, ``weights[1]``, ...: the largest index gives their number. A block that takes slices, or
            that has an ancilla or other observables, needs an `Ansatz`.
        name: For messages; the function's own by default.

    Raises:
        ValueError: It is no function of four arguments, its angles cannot be counted, or it has no gates.

    Example:
        >>> def zz_block(weights, center, leaf, edge):
        ...     qml.IsingZZ(weights[0], wires=[leaf, center])
        ...     qml.IsingZZ(weights[1], wires=[edge, center])
        >>> of_block(zz_block).num_parameters
        2
    """
    allowed = "a block is a function of (weights, center, leaf, edge)"
    named: object = block
    if not callable(named):
        raise ValueError(f"circuit {name or shown(named)} is of type {type(named).__name__}; {allowed}, or an Ansatz")
    name = name or str(getattr(block, "__name__", type(block).__name__))
    try:
        inspect.signature(block).bind(*range(4))
    except (TypeError, ValueError) as error:
        raise ValueError(f"circuit {name} cannot be called with four arguments ({error}); {allowed}") from error
    weights = _Weights()
    try:
        with qml.queuing.AnnotatedQueue() as queue:
            block(weights, "center", "leaf", "edge")
    except Exception as error:  # whatever a user's function raises
        raise ValueError(
            f"circuit {name}: its angles cannot be counted ({type(error).__name__}: {' '.join(str(error).split())}); "
            "it must take them as weights[0], weights[1], ..., or be an Ansatz, which says their number"
        ) from error
    if not len(queue):
        raise ValueError(f"circuit {name} has no gates; {allowed} that applies gates to them")
    return Ansatz(name, ("center",), block, weights.number, ("X", "Y", "Z"))


class _Weights:
    """What stands in for the weights of a block while those that it asks for are counted."""

    __iter__ = None  # else Python would iterate over it without an end

    def __init__(self) -> None:
        self.number = 0

    def __getitem__(self, index: object) -> float:
        if not isinstance(index, int | np.integer) or index < 0:
            raise TypeError(f"weights[{index}]")
        self.number = max(self.number, int(index) + 1)
        return 0.5


def _own(name: str) -> Ansatz:
    """Import ``module:function``; see `build`."""
    found = imported("circuit", name)
    return replace(found, name=name) if isinstance(found, Ansatz) else of_block(found, name)


def star_wires(ansatz: Ansatz, k: int) -> list[str]:
    """Return the wires of a star of ``k`` leaves, in drawing order: center, leaf 1, edge 1, ..., ancilla.

    Raises:
        ValueError: ``k`` is below 1.

    Example:
        >>> star_wires(qgcl(), 1)
        ['center', 'leaf 1', 'edge 1']
    """
    require_count("k", k)
    leaves = [f"{kind} {i}" for i in range(1, k + 1) for kind in ("leaf", "edge")]
    return [ansatz.memory[0], *leaves, *ansatz.memory[1:]]
