"""config/schema.json, for editors, and the tables of config/README.md: made from the settings, held in sync by a test.

``python -m qgnn_d2d.settings.documentation --write`` writes both.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .base import LARGEST, Settings
from .calibration import Calibration, GateCalibration, PairCalibration, QubitCalibration, Source
from .config import ClaimPair, Entry, StudySettings, Torch
from .gradients import GradientStudy
from .model import MODELS
from .noise import AerCheck, Hardware, NoiseModel, NoiseStudy, Resources
from .scale import Inference, Retraining, ScaleStudy
from .scenario import SCENARIOS, Optimum, Readings, Splits
from .search import Choice, Choices, Tuning
from .training import Cap, Training

FOLDER = Path("config")
BEGIN, END = "<!-- begin keys -->", "<!-- end keys -->"

SECTIONS: dict[str, type[Settings]] = {
    "The file": StudySettings, "`torch`": Torch, "`splits`": Splits,
    **{f"`scenarios`, `kind: {name}`": kind for name, kind in SCENARIOS.items()},
    "`optimum` of a scenario": Optimum,
    **{f"`models`, `{name}`": options for name, options in MODELS.items()},
    "`training`, `tuned`, `presets`": Training, "`experiments`, an entry": Entry, "`noise_models`": NoiseModel,
    "`noise`": NoiseStudy, "`noise.aer`": AerCheck, "`noise.resources`": Resources, "`noise.hardware`": Hardware,
    "`scale`, a study": ScaleStudy, "`retrained` of a scale study": Retraining,
    "`inference` of a scale study": Inference, "`gradients`": GradientStudy, "`readings`": Readings,
    "`claims`, a pair": ClaimPair, "`cap`": Cap,
    "`tuning` of search.yaml": Tuning, "`choices` of search.yaml": Choices, "`choices.runs`, by run id": Choice,
    "A calibration file": Calibration, "`source` of a calibration": Source, "`qubits` of a calibration, a qubit":
    QubitCalibration, "`sx`, `x` of a qubit": GateCalibration, "`pairs` of a calibration, a pair": PairCalibration,
}  # fmt: skip


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a config file."""
    schema = StudySettings.model_json_schema()
    definitions, sections = schema["$defs"], schema["properties"]
    options: dict[str, Any] = {}
    kinds: list[type[Settings]] = [Training, *MODELS.values()]
    for kind in kinds:
        part = kind.model_json_schema()
        definitions |= part.pop("$defs", {})
        if "noise" in part["properties"]:  # a config has the name of a noise model in the place of its settings
            part["properties"]["noise"] |= {"anyOf": [{"type": "string"}, {"type": "null"}]}
        definitions[kind.__name__] = part
        options = part["properties"] | options
    closed = {"properties": options, "additionalProperties": False}
    base = {"enum": list(MODELS), "description": "The model that this is a variant of."}
    sections["models"]["properties"] = {name: {"$ref": f"#/$defs/{kind.__name__}"} for name, kind in MODELS.items()}
    sections["models"]["additionalProperties"] = closed | {"properties": {"base": base} | options}
    del sections["models"]["patternProperties"]
    sections["presets"]["patternProperties"] = {".": closed}
    lists = {name: {"anyOf": [part, {"type": "array", "items": part}]} for name, part in options.items()}
    definitions["Entry"] |= closed | {"properties": lists | definitions["Entry"]["properties"]}
    # Nothing is required, as the file that this one extends may have it. Only Python's regular expressions know \z.
    text = json.dumps(schema).replace(r"\\z", "$")
    unused = ("required", "title")
    return json.loads(text, object_hook=lambda part: {key: part[key] for key in part if key not in unused})


def markdown() -> str:
    """Return the tables of all keys, section by section."""
    return "\n\n".join("\n".join(_table(title, kind)) for title, kind in SECTIONS.items())


def _table(title: str, kind: type[Settings]) -> Iterator[str]:
    """Yield the lines of one section; a model that derives from another shows what it changes."""
    parent = next((name for name, options in MODELS.items() if options is kind.__base__), None)
    names = kind.model_fields if parent is None else kind.__annotations__
    more = "" if parent is None else f" All else is as in `{parent}`."
    yield f"### {title}\n\n{(kind.__doc__ or '').splitlines()[0]}{more}\n"
    yield "| key | value | default | meaning |\n| --- | --- | --- | --- |"
    schema = kind.model_json_schema()["properties"]
    for name in names:
        field = kind.model_fields[name]
        bases = [base.model_fields.get(name) for base in kind.__mro__ if issubclass(base, Settings)]
        about = next((base.description for base in bases if base is not None and base.description), "")
        default = "required" if field.is_required() or name == "kind" else _shown(field.default)
        about = " ".join(about.split()).replace("|", r"\|")
        yield f"| `{name}` | {_value(schema[name])} | {default} | {about} |"


def _shown(default: Any) -> str:
    if isinstance(default, float):
        return f"`{default:g}`"
    return "none" if default is None else "its own" if isinstance(default, Settings) else f"`{json.dumps(default)}`"


def _value(schema: Mapping[str, Any]) -> str:
    """Say in words what a JSON schema allows."""
    if "anyOf" in schema:
        return " or ".join(_value(part) for part in schema["anyOf"] if part.get("type") != "null")
    if "enum" in schema or "const" in schema:
        names = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{'off' if name is False else name}`" for name in names)
    if schema.get("type") == "array":
        length = f" of {schema['minItems']}" if schema.get("minItems") == schema.get("maxItems", 0) else ""
        return f"list{length}: {_value(schema.get('items', schema.get('prefixItems', [{}])[0]))}"
    names = {"number": "number", "integer": "integer", "boolean": "true or false", "string": "text"}
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[key]:g}" for key, sign in signs.items() if schema.get(key, LARGEST) != LARGEST]
    return ", ".join([names.get(schema.get("type", ""), "mapping"), *limits])


def files() -> dict[Path, str]:
    """Return path and content of both files; the page keeps what stands around its tables."""
    page = FOLDER / "README.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    text = f"{before}{BEGIN}\n{markdown()}\n{END}{rest.partition(END)[2]}"
    lines = re.sub(r"\n( {5,}| {4}(?=[]}]))", " ", json.dumps(json_schema(), indent=1, ensure_ascii=False))
    return {FOLDER / "schema.json": lines + "\n", page: text}  # with a line per key


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    for path, content in files().items():
        path.write_text(content, encoding="utf-8")
