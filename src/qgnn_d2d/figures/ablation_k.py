"""The ablation over leaves."""

from functools import partial

from . import ablation

NAME = "ablation_k"
CLAIMS = "C2, C7, C9"
CAPTION = ablation.CAPTION.format("leaves", "leaves")
inputs, data = ablation.inputs, ablation.data
draw = partial(ablation.draw, axis="k")
