"""The figures: a module of this package with a `NAME` is drawn because it is there.

Every figure module has

* `NAME`: its file name, and the target that draws it,
* `CLAIMS`: which claims it bears on,
* `CAPTION`: what is shown and how to read it,
* `inputs(study)`: name to the files that it is drawn from, or None for a study without them,
* `data(study, files)`: everything that is drawn, as one table: the CSV beside the figure,
* `draw(data)`: the figure, from that table alone,
* `settings(study)`, for a figure that shows settings: those, as text, so that it is drawn anew where they change.

Matplotlib, seaborn and pandas are loaded by `data` and `draw`, so that Snakemake asks for `inputs` at no cost.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from ..settings import Study

_MODULES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
FIGURES: dict[str, ModuleType] = {module.NAME: module for module in _MODULES if hasattr(module, "NAME")}
"""Figures by name."""


def for_study(study: Study) -> dict[str, dict[str, list[str]]]:
    """Return the figures that a study has: name to what it is drawn from."""
    found = {name: module.inputs(study) for name, module in FIGURES.items()}
    return {name: files for name, files in found.items() if files is not None}
