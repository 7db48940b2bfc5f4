"""The options of every model: the one place where they are declared."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from ..checks import shown
from .base import Count, Settings
from .noise import NoiseModel

Circuit = Literal["qgcl", "qgcl_commuting", "qgcl_ancilla"]
"""Star circuits: functions of `qgnn_d2d.quantum.ansatz`."""
OWN_CIRCUIT = r"[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*"
"""How a circuit outside of the library is named, as a regular expression: ``module:function``."""
StarRule = Literal["random", "fixed", "strongest", "competitors", "mixed", "sampled"]
"""Leaf rules: functions of `qgnn_d2d.stars`."""
LeafSets = Literal["per_layer", "one_set"]
"""Whether leaves are drawn anew in every layer."""
Scale = Literal["amplitude", "decibel", "rate"]
"""Scales on which channels enter a model (see `qgnn_d2d.models.features`)."""


def _is_circuit(name: str) -> str:
    """Require the name of a circuit; whether one of the user's own exists, `quantum.ansatz.build` finds out."""
    if name not in get_args(Circuit) and not re.fullmatch(OWN_CIRCUIT, name):
        known = ", ".join(get_args(Circuit))
        raise ValueError(f"{shown(name)} is no circuit; it must be one of: {known}, or module:function for your own")
    return name


AnyCircuit = Annotated[
    str,
    AfterValidator(_is_circuit),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": list(get_args(Circuit))},
                {"type": "string", "pattern": f"^{OWN_CIRCUIT}$"},
            ]
        }
    ),
]
Angle = Annotated[float, Field(gt=0, lt=1e6)]  # far beyond any sense, and far from where float32 ends
StartRange = Annotated[float, Field(ge=0, lt=1e6)]


class ModelOptions(Settings):
    """What all models have in common. A model adds its own options, and names its implementation."""

    label: ClassVar[str]
    """How legends call the model."""
    implementation: ClassVar[str]
    """``module:class`` of the network."""

    scale: Scale | None = None
    """Scale on which channels enter the model; the scenario's `features` where not given."""


class StarOptions(ModelOptions):
    """Options of networks whose nodes get messages from the leaves of their stars only."""

    k: Count = 3
    """Leaves per star, below num_links; 2k + 1 qubits."""
    leaves: LeafSets = "per_layer"
    """Leaves drawn anew in every layer (the public code's way), or one_set for all layers; the paper is silent."""


class QGNNOptions(StarOptions):
    """The paper's quantum graph network."""

    label = "QGNN"
    implementation = "qgnn_d2d.models.qgnn:QGNN"

    stars: StarRule = "random"
    """How leaves are chosen; random is the paper's."""
    layers: Count = 2
    """Quantum graph convolution layers L."""
    heads: Count = 1
    """Circuits side by side in every layer; 1 is the paper."""
    circuit: AnyCircuit = "qgcl"
    """Star circuit; qgcl is the paper's, `module:function` a block of your own (docs/engine.md)."""
    entangling_layers: Count = 2
    """Strongly entangling layers in a block; one of your own has none."""
    angle_range: Angle = 0.5
    """Encoding angles lie in plus or minus this times pi."""
    start_range: StartRange = 0.1
    """Block angles start uniform in plus or minus this, rad."""
    noise: NoiseModel | None = None
    """The noise model that the circuits run on, in training too; the config names one of noise_models."""

    @model_validator(mode="after")
    def _own_circuits_have_no_layers(self) -> Self:
        if (layers := self.entangling_layers) != 2 and self.circuit not in get_args(Circuit):
            raise ValueError(f"entangling_layers is {layers}; circuit {self.circuit} takes none, as it is your own")
        return self


class ReleasedQGNNOptions(StarOptions):
    """The quantum graph network of the first author's public code."""

    label = "QGNN, public code"
    implementation = "qgnn_d2d.models.released_qgnn:ReleasedQGNN"

    layers: Count = 2
    """Quantum layers."""
    entangling_layers: Count = 2
    """Strongly entangling layers in message and update."""
    width: Count = 64
    """Hidden width of the networks."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Dropout probability behind every hidden layer."""


class IGCNetOptions(ModelOptions):
    """IGCNet, the paper's GCN baseline."""

    label = "GCN (IGCNet)"
    implementation = "qgnn_d2d.models.igcnet:IGCNet"

    message_widths: Annotated[tuple[Count, Count], Field(strict=False)] = (16, 32)
    """The two widths of the message network."""
    update_width: Count = 16
    """Hidden width of the update network."""
    iterations: Count = 3
    """How often the networks are applied."""


class SmallIGCNetOptions(IGCNetOptions):
    """IGCNet cut to the number of parameters of the QGNN."""

    label = "GCN, small"

    message_widths: Annotated[tuple[Count, Count], Field(strict=False)] = (4, 4)
    update_width: Count = 4


class ReleasedGCNOptions(ModelOptions):
    """The graph network of the first author's public code."""

    label = "GCN, public code"
    implementation = "qgnn_d2d.models.released_gcn:ReleasedGCN"

    layers: Count = 2
    """Message-passing layers."""
    width: Count = 64
    """Width of the node embedding and of the hidden layers."""


class InformedQGNNOptions(QGNNOptions):
    """The QGNN on informed stars: leaves are the best competitors, channels enter as rates."""

    label = "QGNN, informed stars"

    scale: Scale | None = "rate"
    stars: StarRule = "competitors"


class StarIGCNetOptions(IGCNetOptions):
    """IGCNet whose nodes get messages from the leaves of informed stars only."""

    label = "GCN, informed stars"
    implementation = "qgnn_d2d.models.igcnet:StarIGCNet"

    scale: Scale | None = "rate"
    k: Count = 3
    """Leaves per star."""
    leaves: LeafSets = "per_layer"
    """Leaves drawn anew in every iteration, or one_set for all."""
    stars: StarRule = "competitors"
    """How leaves are chosen."""


class TwinOptions(StarOptions):
    """Classical networks of the QGNN's form, on informed stars."""

    scale: Scale | None = "rate"
    stars: StarRule = "competitors"
    """How leaves are chosen."""
    layers: Count = 2
    """Layers L."""
    heads: Count = 1
    """What stands in the circuit's place, side by side in every layer."""
    angle_range: Angle = 0.5
    """What enters a star lies in plus or minus this times pi."""


class StarMLPOptions(TwinOptions):
    """A perceptron in the place of the circuit, on informed stars."""

    label = "MLP, informed stars"
    implementation = "qgnn_d2d.models.star_mlp:StarMLP"

    width: Count = 2
    """Hidden width of a perceptron."""


class TwinFreeOptions(TwinOptions):
    """Classical twin of the QGNN: its transfer tensor trained freely, as no circuit needs to have it."""

    label = "free T"
    implementation = "qgnn_d2d.models.twin_free:TwinFree"

    start_range: StartRange = 0.1
    """The tensor starts as that of the paper's circuit with block angles uniform in plus or minus this, rad."""


class TwinFourierOptions(TwinOptions):
    """Classical twin of the QGNN: random Fourier features of the encoding angles in the circuit's place."""

    label = "Fourier features"
    implementation = "qgnn_d2d.models.twin_fourier:TwinFourier"

    features: Count = 6
    """Random frequencies per layer and head, with 3 trained coefficients each; 6 are as many as 2 entangling layers."""


class StarGNNOptions(StarOptions):
    """A graph network as they are usually built, restricted to the leaves of the stars."""

    label = "GNN on stars"
    implementation = "qgnn_d2d.models.star_gnn:StarGNN"

    scale: Scale | None = "rate"
    stars: StarRule = "random"
    """How leaves are chosen; random is the paper's."""
    layers: Count = 3
    """Layers L."""
    state: Count = 6
    """Numbers in a node's state, and in a message."""
    width: Count = 16
    """Hidden width of the networks."""


class UnfoldedWMMSEOptions(ModelOptions):
    """WMMSE with few iterations, whose error weights graph networks correct."""

    label = "unfolded WMMSE"
    implementation = "qgnn_d2d.models.unfolded_wmmse:UnfoldedWMMSE"

    layers: Count = 4
    """Layers K, one WMMSE iteration each."""
    width: Count = 5
    """Hidden width of the graph networks."""


MODELS: dict[str, type[ModelOptions]] = {
    "qgnn": QGNNOptions,
    "gcn": IGCNetOptions,
    "gcn_small": SmallIGCNetOptions,
    "qgnn_released": ReleasedQGNNOptions,
    "gcn_released": ReleasedGCNOptions,
    "qgnn_informed": InformedQGNNOptions,
    "gcn_informed": StarIGCNetOptions,
    "mlp_informed": StarMLPOptions,
    "twin_free": TwinFreeOptions,
    "twin_fourier": TwinFourierOptions,
    "star_gnn": StarGNNOptions,
    "unfolded_wmmse": UnfoldedWMMSEOptions,
}
"""Models by their names in the config; the order is that of their colors in all figures."""


def network(name: str) -> str:
    """Return what a model is called where all have the same stars, whichever these are.

    Example:
        >>> network("gcn_informed")
        'GCN on stars'
    """
    return MODELS[name].label.replace(", informed stars", " on stars")
