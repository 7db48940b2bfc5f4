"""The two studies, and the smoke study's config as plain data to put mistakes into."""

import copy
import functools
from typing import Any

from qgnn_d2d import settings
from qgnn_d2d.settings import config as files
from tests.runs import ROOT

CONFIG = ROOT / "config"
PAPER, SMOKE = (settings.read(CONFIG / f"{name}.yaml") for name in ("paper", "smoke"))
WHOLE = files.resolved(files.read(CONFIG / "smoke.yaml"), CONFIG)
REMOVED = object()


def changed(*changes: tuple[str | tuple, Any], config: Any = WHOLE) -> Any:
    """Return a copy of a config with values put in places such as ``"splits train"``, or `REMOVED` from there."""
    new = copy.deepcopy(config)
    for path, value in changes:
        parts = [int(part) if part.isdigit() else part for part in path.split()] if isinstance(path, str) else path
        place = functools.reduce(_part, parts[:-1], new)
        if value is REMOVED:
            del place[parts[-1]]
        else:
            place[parts[-1]] = value
    return new


def _part(inner: Any, part: Any) -> Any:
    return inner.setdefault(part, {}) if isinstance(inner, dict) else inner[part]


def places(node: Any, path: tuple = ()) -> list[tuple]:
    """Return the path of every key and every entry of a list."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, child in entries for found in ((*path, key), *places(child, (*path, key)))]
