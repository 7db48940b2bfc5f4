"""From experiments to runs: every entry of the config expands to the product of its lists."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..checks import require_choice, shown
from .base import only, validated
from .config import Entry, StudySettings
from .model import MODELS, ModelOptions
from .noise import with_flags
from .run import RunSettings
from .training import TUNED, Training, TrainingChanges

_RUN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SHORT = {
    "k": "k",
    "layers": "L",
    "heads": "h",
}  # options in ids; what `_BY_VALUE` has goes by its value, others by name
_BY_VALUE = ("noise", "stars", "leaves")
_ORDER = (*_BY_VALUE, *_SHORT)


class Expanded(NamedTuple):
    """A run, and what of the config it came from.

    Attributes:
        run: The run; without tuned settings it has placeholders.
        variant: The model's name in the config: the model itself, or a variant of it.
        preset: Name of its preset, if it has one.
        is_tuned: Whether the config gives all of its training options.
    """

    run: RunSettings
    variant: str
    preset: str | None
    is_tuned: bool


def expand(config: StudySettings) -> tuple[dict[str, Expanded], dict[str, list[str]]]:
    """Expand all experiments.

    Returns:
        Run id to run, each once, and experiment to the ids of its runs.

    Raises:
        ValueError: An entry contradicts another part of the config: an unknown name, a k that the scenario has too few
            links for, two different runs of one id.
    """
    models = {name: _Model(config, name) for name in {**dict.fromkeys(MODELS), **config.models}}
    runs: dict[str, Expanded] = {}
    experiments: dict[str, list[str]] = {}
    for experiment, entries in config.experiments.items():
        ids = experiments.setdefault(experiment, [])
        for i, entry in enumerate(entries):
            place = f"experiments.{experiment}[{i}]"
            for found in _runs(entry, config, models, place):
                run = found.run
                if runs.setdefault(run.id, found).run != run:
                    raise ValueError(
                        f"{place}: run {run.id} has other settings than the run of this id elsewhere; give one of them "
                        "a preset, or a variant of the model"
                    )
                if run.id in ids:
                    raise ValueError(f"{place}: run {run.id} stands twice in this experiment")
                ids.append(run.id)
        check_same(f"experiments.{experiment}", "scenario", [runs[run].run for run in ids])
    return runs, experiments


def retrained(config: StudySettings, runs: Mapping[str, Expanded]) -> dict[str, Expanded]:
    """Return the runs that scale studies train on networks of other sizes, by id.

    Raises:
        ValueError: A run that the study does not evaluate, a number of links at which it does not, no seed or link too
            few, or two different runs of one id.
    """
    found: dict[str, Expanded] = {}
    for name, scale in config.scale.items():
        place = f"scale.{name}.retrained"
        for run_id, (base, links) in scale.trainings.items():
            require_choice(f"run under {place}", base, [run for run in scale.runs if run in runs])
            run = runs[base].run
            own = config.scenarios[run.scenario].num_links
            require_choice(f"num_links under {place}", links, [other for other in scale.links if other != own])
            if (k := getattr(run.architecture, "k", None)) is not None and k >= links:
                raise ValueError(
                    f"{place}: k of run {base} is {k}; it must be below the {links} links of {place}.links"
                )
            if run.train_size is not None:
                raise ValueError(
                    f"{place}: train_size of run {base} is {run.train_size}; such runs are not trained again"
                )
            seeds = run.num_seeds if scale.retrained is None else scale.retrained.num_seeds or run.num_seeds
            if seeds > run.num_seeds:
                raise ValueError(f"{place}.num_seeds is {seeds}; run {base} has {run.num_seeds} only")
            again = run.model_copy(update={"id": run_id, "num_links": links, "num_seeds": seeds})
            expanded = runs[base]._replace(run=again)
            if run_id in runs or found.setdefault(run_id, expanded) != expanded:
                raise ValueError(f"{place}: run {run_id} has other settings than the run of this id elsewhere")
    return found


def check_same(place: str, what: str, runs: Iterable[RunSettings]) -> None:
    """Require runs of one scenario, or of one protocol."""
    found = sorted({getattr(run, what) for run in runs})
    if len(found) > 1:
        raise ValueError(f"{place} has runs of {what}s {found}; they must be of one {what}")


class _Model:
    """A model as the config knows it: a class of options and the options that all its runs share."""

    def __init__(self, config: StudySettings, name: str) -> None:
        self.name = name
        self.shared = dict(config.models.get(name, {}))
        self.base = self.shared.pop("base", name)
        require_choice(f"models.{name}.base", self.base, [name] if name in MODELS else MODELS)
        self.options: type[ModelOptions] = MODELS[self.base]
        plain = {key: value for key, value in self.shared.items() if key != "noise"}  # there, a noise model's name
        validated(self.options, plain, f"models.{name}")


def _runs(entry: Entry, config: StudySettings, models: Mapping[str, _Model], place: str) -> Iterator[Expanded]:
    """Yield the runs of one entry: the product of its lists."""
    axes: dict[str, Any] = {
        "scenario": entry.scenario or next(iter(config.scenarios)),
        "protocol": entry.protocol,
        "model": entry.model,
        **(entry.model_extra or {}),
        "train_size": entry.train_size,
        "train_draw": entry.train_draw,
    }
    lists = {name: value if _is_axis(name, value) else [value] for name, value in axes.items()}
    for name, values in lists.items():
        if not values:
            raise ValueError(f"{place}.{name} is []; it must be a value, or a list of at least one")
    for values in itertools.product(*lists.values()):
        yield _run(dict(zip(lists, values, strict=True)), entry, config, models, place)


def _is_axis(name: str, value: Any) -> bool:
    """Whether a value is a list of values; widths are themselves lists."""
    return isinstance(value, list) and (name != "message_widths" or (bool(value) and isinstance(value[0], list)))


def _run(
    names: dict[str, Any], entry: Entry, config: StudySettings, models: Mapping[str, _Model], place: str
) -> Expanded:
    require_choice(f"{place}.model", names["model"], models)
    require_choice(f"{place}.scenario", names["scenario"], config.scenarios)
    model, scenario = models[names["model"]], config.scenarios[names["scenario"]]
    given = {key: value for key, value in names.items() if key not in Entry.model_fields}
    preset = {}
    if entry.preset is not None:
        require_choice(f"{place}.preset", entry.preset, config.presets)
        preset = config.presets[entry.preset]
    of_model = [*Training.model_fields, *model.options.model_fields]
    for source, options, known in (
        (place, given, [*Entry.model_fields, *of_model]),
        (f"presets.{entry.preset}", preset, of_model),
    ):
        for key in options:
            require_choice(f"key of {source}, for model {model.name},", key, known)

    chosen = {**model.shared, **only({**preset, **given}, model.options)}
    if chosen.get("scale", model.options.model_fields["scale"].default) is None:
        chosen["scale"] = scenario.features
    run_id = _id(names, only(given, model.options), model, entry.preset)
    if not _RUN_ID.fullmatch(run_id):
        raise ValueError(
            f"{place}: id of a run is {run_id!r}; it may have letters, digits and _ - . only: it names files"
        )
    if chosen.get("noise") is not None:
        known_noise = with_flags(config.noise_models)
        require_choice(f"{place}: noise", chosen["noise"], known_noise)
        chosen["noise"] = known_noise[chosen["noise"]]
    architecture = validated(model.options, chosen, f"run {run_id}")
    k = getattr(architecture, "k", None)
    if k is not None and k >= scenario.num_links:
        raise ValueError(
            f"k of run {run_id} is {k}; it must be below num_links = {scenario.num_links} of {names['scenario']}"
        )

    tuned = config.tuned.get(names["scenario"], {}).get(names["protocol"], {})
    own = run_id if names["train_draw"] is None else run_id.removesuffix(f"-d{names['train_draw']}")
    names_of_it = (own_name(own, names["scenario"], names["protocol"]), model.name, model.base)
    found = next((tuned[name] for name in names_of_it if name in tuned), TrainingChanges())
    training = {
        **config.training.model_dump(exclude_unset=True),
        **found.model_dump(exclude_unset=True),
        **only({**preset, **given}, Training),
    }
    is_tuned = training.keys() >= set(TUNED)
    training = {"learning_rate": 1e-3, "batch_size": 1, "epochs": 1, **training}  # so that an untuned run can be tuned
    training = dict(validated(Training, training, f"run {run_id}"))
    if config.cap is not None:
        training |= {key: min(training[key], value) for key, value in config.cap}
    train_size, train_draw = names["train_size"], names["train_draw"]
    if training["batch_size"] > config.splits.train and train_size is None:  # of a train_size, one step may take all
        raise ValueError(
            f"batch_size of run {run_id} is {training['batch_size']}; it must be at most splits.train = "
            f"{config.splits.train}"
        )
    available = config.splits.pool or 0
    if train_draw is not None:
        if train_size is not None:
            raise ValueError(f"run {run_id} has train_size {train_size} and train_draw {train_draw}; give one of them")
        train_size = config.splits.train
        if train_draw > available // train_size:
            raise ValueError(
                f"train_draw of run {run_id} is {train_draw}; splits.pool = {available} has room for "
                f"{available // train_size} of splits.train = {train_size}"
            )
    if train_size is not None:
        if train_size > available:
            raise ValueError(
                f"train_size of run {run_id} is {train_size}; it must be at most splits.pool = {available}"
            )
        # As many gradient steps as on the split train.
        steps = training["epochs"] * math.ceil(config.splits.train / training["batch_size"])
        training["epochs"] = max(1, round(steps / math.ceil(train_size / training["batch_size"])))
    settings = {
        "id": run_id, "scenario": names["scenario"], "protocol": names["protocol"], "model": model.base,
        "architecture": architecture, "training": training, "seed": config.seed,
        "num_seeds": entry.num_seeds or config.num_seeds, "num_threads": config.torch.threads,
        "device": config.torch.device, "train_size": train_size, "train_draw": train_draw,
    }  # fmt: skip
    return Expanded(validated(RunSettings, settings, f"run {run_id}"), model.name, entry.preset, is_tuned)


def own_name(run_id: str, scenario: str, protocol: str) -> str:
    """Return a run's id without its scenario and protocol, by which settings are tuned for it alone."""
    return run_id.removeprefix(f"{scenario}-{protocol}-")


def _id(names: Mapping[str, Any], given: Mapping[str, Any], model: _Model, preset: str | None) -> str:
    """Return a run's id: what differs from the model's own options, in a fixed order."""
    parts = [names["scenario"], names["protocol"], model.name, preset]
    own = {key: field.default for key, field in model.options.model_fields.items()} | model.shared
    for key in sorted(given, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)):
        value, prefix = given[key], "" if key in _BY_VALUE else _SHORT.get(key, key)
        default = list(own[key]) if isinstance(own[key], tuple) else own[key]
        if value != default:
            text = "x".join(map(str, value)) if isinstance(value, list) else shown(value).strip("'")
            parts.append(prefix + (text.replace(":", ".") if key == "circuit" else text))  # module:function
    if names["train_size"] is not None:
        parts.append(f"n{names['train_size']}")
    if names["train_draw"] is not None:
        parts.append(f"d{names['train_draw']}")
    return "-".join(filter(None, parts))
