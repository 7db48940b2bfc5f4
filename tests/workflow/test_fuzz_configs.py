"""Broken configs are refused in one line that names a key, or accepted: never a bare error.

`make test-fuzz` lets Snakemake itself read every mutation; here it reads a few, and the library reads all.
"""

import re

import pytest
import yaml
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from qgnn_d2d.settings import configuration
from tests.workflow.fuzz_configs import ACCEPTED, CONFIGS, LINES, REFUSED, SCHEMA, UNREADABLE, corpus, dry_run

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CORPUS = dict(corpus())
BY_TEXT = {name for name in CORPUS if name.startswith("file: ") or name.partition(": ")[2] in LINES}
PARTS = 8
PARSED = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def keys(node):
    """Yield every key that the schema knows."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for child in node.values():
            yield from keys(child)


KEYS = re.compile(rf"\b({'|'.join(sorted(set(keys(PARSED))))}|the config)\b")


def read(name, text, folder):
    """Return what Snakemake hands to common.smk; None for a file that it cannot read."""
    if name not in BY_TEXT:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # the same, in a tenth of the time
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        config = load_configfile(file)
    except WorkflowError:
        return None
    configuration.check_keys(text)
    return config


@pytest.mark.parametrize("part", range(PARTS))
def test_every_mutation_is_accepted_or_refused_in_one_line_that_names_a_key(part, tmp_path):
    for name in list(CORPUS)[part::PARTS]:
        try:
            config = read(name, CORPUS[name], tmp_path)
            if config is None:
                continue
            configuration.check_schema(config, PARSED)
            validate(config, str(SCHEMA))
            configuration.load(config)
        except ValueError as error:
            assert "\n" not in str(error), name
            assert KEYS.search(str(error)), f"{name}: {error}"
        except Exception as error:
            pytest.fail(f"{name}: {error!r}")


def test_the_configs_themselves_are_accepted(tmp_path):
    for file in CONFIGS.values():
        text = file.read_text(encoding="utf-8")
        configuration.check_keys(text)
        config = yaml.safe_load(text)
        configuration.check_schema(config, PARSED)
        configuration.load(config)


def test_there_are_enough_mutations():
    assert len(CORPUS) >= 200


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("file: empty", UNREADABLE),
        ("file: a Python object", UNREADABLE),
        ("smoke: a key twice, deep down", REFUSED),
        ("smoke: no training size of the split train", REFUSED),
        ("smoke: noise.aware '{0}'", REFUSED),
        ("smoke: no models", ACCEPTED),
        ("smoke: without noise, ablation, scale, claims, figures", ACCEPTED),
    ],
)
def test_snakemake_gives_the_same_verdict(name, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    verdict, printed = dry_run(CORPUS[name], tmp_path)
    assert verdict == expected, printed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no training size of the split train", ["ablation.sizes", "train_size", "splits.train = 24"]),
        ("scenarios.rayleigh.p_max is nan", ["scenarios.rayleigh.p_max", "nan", "finite"]),
        ("a key twice", ["key seed stands twice (line"]),
        ("a key that is a number", ["scenarios", "7", "string"]),
        ("ablation.grid is training_size", ["ablation", "different tables"]),
        ("a device as level", ["noise.levels", "'lagos'", "p1e-2"]),
        ("noise.run is rayleigh-stated-gcn", ["noise.run", "'rayleigh-stated-gcn'", "rayleigh-stated-qgnn"]),
        ("tuned_as '{nobody}'", ["tuned_as", "'{nobody}'", "{scenario}"]),
        ("no such device", ["torch.device", "'warp'", "cpu"]),
        ("a device that computes nothing", ["torch.device", "'meta'", "cpu"]),
        ("every number huge", ["splits"]),
    ],
)
def test_the_line_names_key_value_and_remedy(name, words):
    text = CORPUS.get(f"smoke: {name}")
    if text is None and name.endswith("is nan"):
        text = re.sub(r"p_max: 1.0", "p_max: .nan", CONFIGS["smoke"].read_text(encoding="utf-8"))
    with pytest.raises(ValueError) as caught:
        configuration.check_keys(text)
        config = yaml.safe_load(text)
        configuration.check_schema(config, PARSED)
        configuration.load(config)
    for word in words:
        assert word in str(caught.value), str(caught.value)
