"""The config file: checked against its JSON schema, then expanded into a study; every mistake is one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

if TYPE_CHECKING:
    from .study import Study

_TUNED = ("learning_rate", "batch_size", "epochs")
_PLACEHOLDER = {
    "learning_rate": 1e-3,
    "batch_size": 1,
    "epochs": 1,
}  # stands in where a run is yet to be tuned
_PAIR = ("qgnn", "gcn", "gcn_small")
PANEL_PROTOCOLS = {"left": "stated", "thin": "stated", "right": "released"}
"""The panels of Fig. 2 to the protocol of the runs that they show."""


def check_schema(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Check a config against its JSON schema.

    Args:
        config: The parsed config.
        schema: The parsed schema (2020-12).

    Raises:
        ValueError: The config violates the schema; the line names the key and says what is allowed.

    Example:
        >>> check_schema({"sed": 1}, {"properties": {"seed": {}}, "additionalProperties": False})
        Traceback (most recent call last):
        ValueError: unknown key 'sed'; allowed here: seed
    """
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        raise ValueError(_line(error))


def load(config: Mapping[str, Any]) -> tuple[Study, list[str], list[str]]:
    """Expand a config that is valid by its schema.

    Args:
        config: The parsed config, defaults filled in.

    Returns:
        The study; the ids of the runs that `tuning` searches settings for; and the ids of the runs that have
        none yet (they stand in the study with placeholders, so that they can be tuned; do not train them).

    Raises:
        ValueError: A value contradicts another one (see `study.expand`), or a figure shows no such run.
    """
    from . import study  # loads PyTorch and PennyLane: not needed to report a misspelt key

    groups = config["runs"]
    open_groups = [
        {**group, "training": {**_PLACEHOLDER, **group.get("training", {})}}
        for group in groups
        if "tuned_as" not in group and not set(_TUNED) <= set(group.get("training", {}))
    ]
    tunable = list(study.expand({**config, "runs": open_groups, "tuned": {}}).runs)
    tuned = config.get("tuned", {})
    untuned = [run for run in tunable if not set(_TUNED) <= {*tuned.get(run, {})}]
    filled = {**tuned, **{run: {**_PLACEHOLDER, **tuned.get(run, {})} for run in untuned}}
    expanded = study.expand({**config, "tuned": filled})
    chosen = config["tuning"].get("runs", tunable)
    for path, value, allowed in _references(config, expanded, tunable):
        study.require_choice(path, value, allowed)
    for name, panels in config["figures"].items():
        _check_figure(name, panels, expanded)
    _check_scenarios("claims", [pair[key] for pair in config["claims"] for key in _PAIR if key in pair], expanded)
    if "scale" in config:
        _check_scenarios("scale", config["scale"]["runs"], expanded)
    for run, choice in config.get("choices", {}).get("runs", {}).items():
        for trial in choice["trials"]:
            expanded.runs[run].changed(choice["start"]).changed(trial)
    primary = [pair["protocol"] for pair in config["claims"] if pair.get("primary")]
    if len(set(primary)) < len(primary):
        raise ValueError("claims: more than one pair of a protocol is primary")
    return expanded, list(chosen), untuned


def _references(
    config: Mapping[str, Any], study: Study, tunable: Sequence[str]
) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield every name that must exist elsewhere: where it stands, the name, the names there are."""
    from .models import MODELS
    from .quantum.devices import CALIBRATIONS
    from .scenarios import RESIZABLE

    noise = config.get("noise")
    if noise is not None:
        yield "device under noise.resources.device", noise["resources"]["device"], CALIBRATIONS
        yield from (("noise model under noise.unaware", name, list(study.noise_models)) for name in noise["unaware"])
        yield "run under noise.run", noise["run"], list(study.runs)
        for key in ("devices", "levels"):
            yield from ((f"noise model under noise.{key}", name, list(study.noise_models)) for name in noise[key])
            yield from (
                (f"run of noise.aware for {name}", noise["aware"].format(noise=name), list(study.runs))
                for name in noise[key]
            )
    ablation = config.get("ablation")
    if ablation is not None:
        if noise is None:
            raise ValueError("the config has the key ablation without the key noise, whose resources it needs")
        for key in ("grid", "released", "sizes", "leaves"):
            yield f"table under ablation.{key}", ablation[key], list(study.tables)
        yield "run under ablation.point", ablation["point"], list(study.runs)
    informed = config.get("informed")
    if informed is not None:
        for key in ("leaves", "sizes", "noise"):
            yield f"table under informed.{key}", informed[key], list(study.tables)
        yield "run under informed.ideal", informed["ideal"], list(study.runs)
        main = study.tables[study.runs[informed["ideal"]].scenario]
        yield from (("run under informed.mains", run, main) for run in informed["mains"])
    scale = config.get("scale")
    if scale is not None:
        ids = [run.id for run in study.runs.values() if run.protocol == "stated"]
        yield from (("stated run under scale.runs", run, ids) for run in scale["runs"])
        scenario = study.scenarios[study.runs[scale["runs"][0]].scenario]
        yield "kind of the scenario of scale.runs", scenario["kind"], RESIZABLE
        trained_at = scenario["parameters"]["num_links"]
        yield "num_links of the scenario of scale.runs (see scale.links)", trained_at, scale["links"]
    yield from (("model under models", model, list(MODELS)) for model in config["models"])
    yield from (("run under choices.runs", run, list(study.runs)) for run in config.get("choices", {}).get("runs", {}))
    yield from (("run under tuning.runs", run, tunable) for run in config["tuning"].get("runs", []))
    for i, pair in enumerate(config["claims"]):
        for key in [key for key in _PAIR if key in pair]:
            ids = [run.id for run in study.runs.values() if run.protocol == pair["protocol"]]
            yield f"{pair['protocol']} run under claims[{i}].{key}", pair[key], ids
    for figure, panels in config["figures"].items():
        for panel, runs in panels.items():
            yield from ((f"run under figures.{figure}.{panel}", run, list(study.runs)) for run in runs)


def _check_figure(name: str, panels: Mapping[str, Sequence[str]], study: Study) -> None:
    for panel, runs in panels.items():
        for run in runs:
            if study.runs[run].protocol != PANEL_PROTOCOLS[panel]:
                raise ValueError(
                    f"run {run} under figures.{name}.{panel} has protocol {study.runs[run].protocol}; "
                    f"it must be {PANEL_PROTOCOLS[panel]}"
                )
    _check_scenarios(f"figures.{name}", [run for runs in panels.values() for run in runs], study)


def _check_scenarios(place: str, runs: Sequence[str], study: Study) -> None:
    scenarios = sorted({study.runs[run].scenario for run in runs})
    if len(scenarios) > 1:
        raise ValueError(f"{place} has runs of scenarios {scenarios}; they must be of one scenario")


def _line(error: ValidationError) -> str:
    """Say in one line where a schema is violated and what it allows."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    where = f"{path} is {_shown(error.instance)}; it must be "
    schema, limit = error.schema, error.validator_value
    assert isinstance(schema, Mapping)
    match error.validator:
        case "additionalProperties" | "unevaluatedProperties":
            allowed = schema.get("properties", {})
            unknown = ", ".join(repr(key) for key in error.instance if key not in allowed)
            place = f"{path}: " if path else ""
            return f"{place}unknown key {unknown}; allowed here: {', '.join(allowed)}"
        case "required":
            missing = ", ".join(key for key in limit if key not in error.instance)
            return f"{path or 'the config'}: key {missing} is missing"
        case "enum":
            return f"{where}one of: {', '.join(map(str, limit))}"
        case "exclusiveMinimum":
            return f"{where}above {limit}"
        case "minimum":
            return f"{where}at least {limit}"
        case "type":
            return f"{where}of type {limit if isinstance(limit, str) else ' or '.join(limit)}"
        case "pattern":
            return f"{where}text that matches {limit}"
    return f"{path}: {' '.join(error.message.split())}"


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
