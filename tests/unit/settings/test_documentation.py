import json

import jsonschema
import pytest

from qgnn_d2d.settings import Settings, documentation
from qgnn_d2d.settings import config as files
from tests.runs import ROOT
from tests.unit.settings.configs import CONFIG, WHOLE, changed

SCHEMA = documentation.json_schema()


def subclasses(kind):
    return {kind, *(found for child in kind.__subclasses__() for found in subclasses(child))}


def test_schema_and_page_are_what_the_settings_make_of_them(monkeypatch):
    monkeypatch.chdir(ROOT)
    for path, content in documentation.files().items():
        assert path.read_text(encoding="utf-8") == content, f"{path}: `make settings` writes it"
    assert json.loads((CONFIG / "schema.json").read_text(encoding="utf-8")) == SCHEMA


def test_every_key_is_described():
    tables = documentation.markdown()
    for kind in documentation.SECTIONS.values():
        assert all(f"| `{name}` |" in tables for name in kind.model_fields)
    assert "|  |" not in tables


def test_every_class_of_settings_has_a_table():
    not_in_files = {"Settings", "ModelOptions", "StarOptions", "TwinOptions", "Scenario", "TrainingChanges"}
    not_in_files |= {"RunSettings", "Search"}
    found = {kind.__name__ for kind in subclasses(Settings) if kind.__module__.startswith("qgnn_d2d.")}
    assert found - not_in_files == {kind.__name__ for kind in documentation.SECTIONS.values()}


def test_the_page_is_short_around_its_tables():
    before, _, rest = (CONFIG / "README.md").read_text(encoding="utf-8").partition(documentation.BEGIN)
    assert len((before + rest.partition(documentation.END)[2]).splitlines()) <= 60


@pytest.mark.parametrize("config", ["paper", "smoke", "whole"])
def test_the_schema_accepts_the_configs(config):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(WHOLE if config == "whole" else files.read(CONFIG / f"{config}.yaml"), SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("sed", 1), ("seed", -1), ("study", "a/b"), ("splits train", 0), ("scenarios rayleigh noise", 1),
        ("models gcn", {"k": 3}), ("models gcn_117 depth", 1), ("models qgnn circuit", "qcl"), ("presets drop lr", 1),
        ("models qgnn circuit", "a b:c"),
        ("experiments leaves 0 depth", 1), ("experiments leaves 0 k", [0]), ("experiments leaves 0 protocol", "stted"),
        ("tuned rayleigh stated gcn epochs", "100"), ("noise_models lagos device", "Lagos"), ("cap epochs", 0),
    ],
)  # fmt: skip
def test_the_schema_refuses_mistakes_too(path, value):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed((path, value)), SCHEMA)
