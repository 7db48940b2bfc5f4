"""No file is loaded by running code that stands in it: `ruff` refuses pickle and all that is built on it."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETUP = "import numpy as np\nimport pandas as pd\nimport torch\nimport yaml\n\n"
REFUSED = [
    *(f"import {name}" for name in ("pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle")),
    "from six.moves import cPickle",
    "from torch import load",
    "torch.load('x', weights_only=True)",
    "torch.save({}, 'x')",
    "torch.jit.load('x')",
    "torch.hub.load('x')",
    "np.load('x', allow_pickle=True)",
    "yaml.load('x', Loader=yaml.Loader)",
    "yaml.full_load('x')",
    "yaml.unsafe_load('x')",
    "pd.read_pickle('x')",
]
ACCEPTED = ["yaml.safe_load('x')", "'import pickle'"]
UNSAFE = ("S301", "S302", "S506", "TID251")


def unsafe_lines(lines):
    """Return those of the lines in which the repository's linter finds unsafe loading."""
    command = [sys.executable, "-m", "ruff", "check", "--output-format", "json", "--stdin-filename", "src/a.py", "-"]
    code = SETUP + "\n".join(lines)
    done = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, check=False)
    found = {item["location"]["row"] for item in json.loads(done.stdout) if item["code"] in UNSAFE}
    return [line for number, line in enumerate(code.splitlines(), start=1) if number in found]


def test_every_way_to_load_code_is_refused_and_nothing_else():
    assert unsafe_lines([*REFUSED, *ACCEPTED]) == REFUSED
