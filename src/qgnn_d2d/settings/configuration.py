"""The config file: checked against its JSON schema, then expanded into a study; every mistake is one line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError, best_match

if TYPE_CHECKING:
    from .study import RunSettings, Study

_TUNED = ("learning_rate", "batch_size", "epochs")
_PLACEHOLDER = {
    "learning_rate": 1e-3,
    "batch_size": 1,
    "epochs": 1,
}  # stands in where a run is yet to be tuned
_PAIR = ("qgnn", "gcn", "gcn_small")
PANEL_PROTOCOLS = {"left": "stated", "thin": "stated", "right": "released"}
"""The panels of Fig. 2 to the protocol of the runs that they show."""

_LARGEST = 2**63 - 1
_TYPES = {
    "number": "type number, and finite",
    "integer": "type integer, of at most 64 bits, without a decimal point",
    "string": "type string, on one line",
}
# Tables of the ablation to the protocol of their runs and what every run must have.
_ABLATION = {
    "grid": ("stated", ("k", "layers")),
    "released": ("released", ("k", "layers")),
    "sizes": ("stated", ("train_size",)),
    "leaves": ("stated", ("stars",)),
}

# Tables of the figure `informed` to what every run must have.
_INFORMED: dict[str, tuple[str, ...]] = {"leaves": ("stars", "k"), "sizes": (), "noise": ("device",)}


def _is_number(_: Any, value: Any) -> bool:
    """Whether a value is a finite number: YAML also has .nan and .inf, which no limit of a schema stops."""
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


def _is_integer(_: Any, value: Any) -> bool:
    """Whether a value is a whole number as such: JSON schema's own rule lets 5.0 pass, which names other files."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_string(_: Any, value: Any) -> bool:
    """Whether a value is text without line breaks: a pattern's $ matches before a last one."""
    return isinstance(value, str) and value.isprintable()


_Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_integer, "string": _is_string}
    ),
)


def check_schema(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Check a config against its JSON schema, a little more strictly: see Raises.

    Args:
        config: The parsed config.
        schema: The parsed schema (2020-12).

    Raises:
        ValueError: The config violates the schema, or has a number that is not finite or beyond 64 bits, a float
            for an integer, or text of several lines; the line names the key and says what is allowed.

    Example:
        >>> check_schema({"sed": 1}, {"properties": {"seed": {}}, "additionalProperties": False})
        Traceback (most recent call last):
        ValueError: unknown key 'sed'; allowed here: seed
    """
    try:
        error = best_match(_Validator(schema).iter_errors(config))
    except (ValueError, RecursionError) as unshown:  # jsonschema writes every bad value out
        raise ValueError("the config has a number too long, or a nesting too deep, to be shown") from unshown
    if error is not None:
        raise ValueError(_line(error))


def check_keys(text: str) -> None:
    """Refuse a key that stands twice in one mapping of a YAML file: YAML would silently drop the first one.

    Args:
        text: The file's content. What is no YAML passes: reading it is refused elsewhere.

    Raises:
        ValueError: A key stands twice; the line names its place.

    Example:
        >>> check_keys("splits: {train: 3, train: 4}")
        Traceback (most recent call last):
        ValueError: splits: key train stands twice (line 1)
    """
    try:
        waiting: list[tuple[str, Any]] = [("", yaml.compose(text, Loader=yaml.SafeLoader))]
    except (yaml.YAMLError, RecursionError):
        return
    seen: set[int] = set()  # aliases lead to the same node, even back to one above
    while waiting:
        path, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{path}[{i}]", child) for i, child in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            keys = set()
            for key, child in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in keys:
                    line = key.start_mark.line + 1
                    raise ValueError(f"{path or 'the config'}: key {key.value} stands twice (line {line})")
                if isinstance(key, yaml.ScalarNode):
                    keys.add(key.value)
                waiting.append((f"{path}.{key.value}".lstrip("."), child))


def load(config: Mapping[str, Any]) -> tuple[Study, list[str], list[str]]:
    """Expand a config that is valid by its schema.

    Args:
        config: The parsed config, defaults filled in.

    Returns:
        The study; the ids of the runs that `tuning` searches settings for; and the ids of the runs that have
        none yet (they stand in the study with placeholders, so that they can be tuned; do not train them).

    Raises:
        ValueError: A value contradicts another one (see `study.expand`), a figure shows no such run, or a part of the
            study refers to runs, tables or noise models that it cannot use.
    """
    from . import study

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
    if "ablation" in config:
        _check_ablation(config["ablation"], expanded)
    if "informed" in config:
        informed = config["informed"]
        tables = [run for key in _INFORMED for run in expanded.tables[informed[key]]]
        _check_scenarios("informed", [informed["ideal"], *informed["mains"], *tables], expanded)
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
    from ..channels.scenarios import RESIZABLE
    from ..models import MODELS
    from ..quantum.hardware.devices import CALIBRATIONS
    from .study import PROTOCOLS, filled

    # Claims and the figure optimality read the tables of whole scenarios, in which no sweep stands.
    tabled = {
        protocol: [
            run.id for run in study.runs.values() if run.protocol == protocol and run.id in _main_table(study, run)
        ]
        for protocol in PROTOCOLS
    }
    noise = config.get("noise")
    if noise is not None:
        models = study.noise_models
        levels = [name for name in models if "depolarizing" in models[name]]
        # Only this model runs on a device.
        qgnns = [run for run in study.runs.values() if (run.protocol, run.model) == ("stated", "qgnn")]
        ideal = [run for run in qgnns if run.architecture["noise"] is None]
        yield "device under noise.resources.device", noise["resources"]["device"], CALIBRATIONS
        yield from (("noise model under noise.unaware", name, list(models)) for name in noise["unaware"])
        yield "stated run of model qgnn without noise under noise.run", noise["run"], [run.id for run in ideal]
        home = study.runs[noise["run"]].scenario
        for key, names in {"devices": list(models), "levels": levels}.items():
            yield from ((f"noise model under noise.{key}", name, names) for name in noise[key])
            for name in noise[key]:
                aware = [one for one in qgnns if (one.architecture["noise"], one.scenario) == (models[name], home)]
                run_id = filled("noise.aware", noise["aware"], {"noise": name})
                yield f"run under noise {name} of noise.aware for {name}", run_id, [one.id for one in aware]
    ablation = config.get("ablation")
    if ablation is not None:
        if noise is None:
            raise ValueError("the config has the key ablation without the key noise, whose resources it needs")
        for key in ("grid", "released", "sizes", "leaves"):
            yield f"table under ablation.{key}", ablation[key], list(study.tables)
        points = [run for run in tabled["stated"] if study.runs[run].architecture.get("stars") is not None]
        yield "stated run with stars, of a scenario's table, under ablation.point", ablation["point"], points
    informed = config.get("informed")
    if informed is not None:
        for key, needed in _INFORMED.items():
            yield f"table under informed.{key}", informed[key], list(study.tables)
            members = study.tables[informed[key]]
            fitting = [run for run in members if _has(study.runs[run], needed)]
            what = " and ".join(["protocol stated", *needed])
            yield from ((f"run of table {informed[key]} under informed.{key} (with {what})", run, fitting)
                        for run in members)  # fmt: skip
        place = "stated run of a scenario's table under informed"
        yield f"{place}.ideal", informed["ideal"], tabled["stated"]
        yield from ((f"{place}.mains", run, tabled["stated"]) for run in informed["mains"])
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
            place = f"{pair['protocol']} run of a scenario's table under claims[{i}].{key}"
            yield place, pair[key], tabled[pair["protocol"]]
    for figure, panels in config["figures"].items():
        for panel, runs in panels.items():
            yield from ((f"run under figures.{figure}.{panel}", run, list(study.runs)) for run in runs)
    for panel, runs in config["figures"].get("fig2", {}).items():
        stands = [run for members in study.tables.values() for run in members]
        yield from (
            (f"run in a table (for the figure optimality) under figures.fig2.{panel}", run, stands) for run in runs
        )


def _has(run: RunSettings, options: Sequence[str]) -> bool:
    """Whether a run is ``stated`` and has the architecture options; noise must be a device's."""
    given = {**run.architecture, "device": (run.architecture.get("noise") or {}).get("device")}
    return run.protocol == "stated" and all(given.get(option) is not None for option in options)


def _main_table(study: Study, run: RunSettings) -> Sequence[str]:
    """Return the runs in the results table of a run's scenario."""
    return study.tables.get(run.scenario, ())


def _check_ablation(ablation: Mapping[str, str], study: Study) -> None:
    """Require that the tables of the ablation hold what its figures and claim C8 read from them."""
    names = [ablation[key] for key in _ABLATION]
    if len(set(names)) < len(names):
        raise ValueError(f"ablation.{', ablation.'.join(_ABLATION)} are {names}; they must be different tables")
    for key, (protocol, needed) in _ABLATION.items():
        for run in (study.runs[run] for run in study.tables[ablation[key]]):
            place = f"run {run.id} of table {ablation[key]} under ablation.{key}"
            if run.protocol != protocol:
                raise ValueError(f"{place} has protocol {run.protocol}; it must be {protocol}")
            for name in needed:
                if (run.train_size if name == "train_size" else run.architecture.get(name)) is None:
                    raise ValueError(f"{place} has no {name}; all runs of that table need one")
    # Claim C8 compares the paper's number of realizations with the most of the sweep.
    claimed = study.splits["train"]
    runs = [study.runs[run] for run in study.tables[ablation["sizes"]]]
    for model in dict.fromkeys(run.model for run in runs):
        sizes = sorted({run.train_size for run in runs if run.model == model and run.train_size is not None})
        if claimed not in sizes:
            raise ValueError(
                f"train_size of model {model} in table {ablation['sizes']} under ablation.sizes is {sizes}; "
                f"splits.train = {claimed} must be among them"
            )


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
    where = f"{path or 'the config'} is {_shown(error.instance)}; it must be "
    if "propertyNames" in error.absolute_schema_path:
        where = f"{path} has the key {_shown(error.instance)}; a key here must be "
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
            kinds = [limit] if isinstance(limit, str) else limit
            return f"{where}of {' or of '.join(_TYPES.get(kind, f'type {kind}') for kind in kinds)}"
        case "pattern":
            return f"{where}text that matches {limit}"
        case "not":
            return f"{where}none of: {', '.join(limit['enum'])}"
        case "minItems" | "maxItems":
            return f"{where}a list of at {'least' if error.validator == 'minItems' else 'most'} {limit}"
        case "uniqueItems":
            return f"{where}a list without repetitions"
    return f"{path or 'the config'}: {' '.join(error.message.split())}"


def _shown(value: Any) -> str:
    try:
        text = " ".join(repr(value).split())
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists within lists
        return f"a {type(value).__name__} too long to show"
    return text if len(text) <= 60 else f"{text[:57]}..."
