"""The hooks that MkDocs builds the site with, as a module, and the tutorials."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.ipynb"))

_spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs" / "hooks.py")
assert _spec is not None and _spec.loader is not None
HOOKS = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(HOOKS)
