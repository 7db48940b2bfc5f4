"""The paper's claims, measured and judged: a module of this package with `CLAIMS` is judged because it is there."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from ..settings import Study

_OWN = ("claim", "judge", "page", "pairs", "readings", "redraws")
MODULES: tuple[ModuleType, ...] = tuple(
    import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__) if module.name not in _OWN
)
"""The modules with claims: each has `CLAIMS`, `inputs(study)` and `evidence(study, files)`."""


IDS: tuple[str, ...] = tuple(
    sorted((claim.id for module in MODULES for claim in module.CLAIMS), key=lambda name: int(name[1:]))
)
"""The claims' names, in the order of their numbers."""


def inputs(study: Study, claim: str | None = None) -> dict[str, list[str]]:
    """Return the files that a study's evidence is read from, by name: of all claims, or of one."""
    found: dict[str, list[str]] = {}
    for module in MODULES if study.config.claims else ():
        if claim is None or claim in [one.id for one in module.CLAIMS]:
            found |= module.inputs(study) or {}
    return found
