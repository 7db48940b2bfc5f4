"""The ablation over layers."""

from functools import partial

from . import ablation

NAME = "ablation_l"
CLAIMS = "C2, C7, C9"
CAPTION = ablation.CAPTION.format("layers", "layers")
inputs, data = ablation.inputs, ablation.data
draw = partial(ablation.draw, axis="layers")
