"""A study: a config mapping, checked and expanded into runs.

The config's shape is held by ``workflow/schemas/config.schema.yaml``; here stand the rules that a schema cannot say.
A run is one configuration. Groups under ``runs`` may give lists for scenario, protocol and model; a group expands to
their product, and its ``id`` template names each run. A group's ``sweep`` gives lists for architecture options
and the training size too; such runs make up a study of their own (an ablation, device noise). Runs stand in the table
that their group names; without a name, in the results table of their scenario, and swept runs in none.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import torch

from ..channels.scenarios import KINDS, SPLITS
from ..checks import require_choice, require_count, require_finite, require_positive
from ..models import MODELS, architecture_options
from ..models.features import SCALES
from ..quantum.ansatz import ANSATZE
from ..quantum.hardware.devices import check_noise
from ..stars import RULES

PROTOCOLS = ("stated", "released")
SCHEDULES = ("constant", "cosine", "cosine_step", "step")
_TUNED = ("learning_rate", "batch_size", "epochs")
_RUN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class TrainingSettings:
    """How a run is trained.

    Attributes:
        learning_rate: Adam's initial learning rate.
        batch_size: Realizations per gradient step.
        epochs: Passes over the training set.
        drop_links: Probability with which a link is left out of a training realization, drawn anew every epoch; None
            for none.
        schedule: ``constant``; ``cosine`` to zero over all epochs, set per epoch, or per gradient step with
            ``cosine_step``; ``step``: times 0.8 every 5 epochs.
    """

    learning_rate: float
    batch_size: int
    epochs: int
    schedule: str = "cosine"
    drop_links: float | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.drop_links is not None:
            require_finite("drop_links", self.drop_links)
            if not 0 < self.drop_links < 1:
                raise ValueError(f"drop_links is {self.drop_links}; it must be above 0 and below 1")
        require_positive("learning_rate", self.learning_rate)
        require_count("batch_size", self.batch_size)
        require_count("epochs", self.epochs)
        require_choice("schedule", self.schedule, SCHEDULES)


@dataclass(frozen=True)
class RunSettings:
    """Everything that determines a run's numbers, besides its channels.

    Attributes:
        id: Short readable name, used in paths.
        scenario: Name of a scenario of the study.
        protocol: ``stated`` (eq. (2) in bps/Hz) or ``released`` (the public code's quantities).
        model: A key of `models.MODELS`.
        architecture: All options of the model.
        training: Optimizer settings.
        seed: The study's seed, from which all streams derive.
        num_seeds: Seeds 0..num_seeds-1 are trained together.
        num_threads: Torch threads.
        device: Torch device.
        train_size: Realizations to train on, the first ones of the split ``pool``; None: the split ``train``.
    """

    id: str
    scenario: str
    protocol: str
    model: str
    architecture: dict[str, Any]
    training: TrainingSettings
    seed: int
    num_seeds: int
    num_threads: int = 1
    device: str = "cpu"
    train_size: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.train_size is not None:
            require_count("train_size", self.train_size)
        require_choice("protocol", self.protocol, PROTOCOLS)
        require_choice("model", self.model, MODELS)
        require_count("seed", self.seed, minimum=0)
        require_count("num_seeds", self.num_seeds)
        require_count("num_threads", self.num_threads)
        try:
            computes = torch.device(self.device).type != "meta"  # whether a job's machine has it, the job will see
        except (RuntimeError, TypeError):
            computes = False
        if not computes:
            raise ValueError(
                f"torch.device is {self.device!r}; it must be a computing device of PyTorch, for instance cpu or cuda"
            )

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, for a manifest or for Snakemake's params; `from_dict` reads it back."""
        settings = asdict(self)
        if self.training.drop_links is None:
            del settings["training"]["drop_links"]
        return settings

    def changed(self, changes: Mapping[str, Any]) -> RunSettings:
        """Return the run with some of its training settings and architecture options changed, by name.

        Raises:
            ValueError: There is no such setting, or a training setting is out of range.

        Example:
            >>> run = RunSettings("r", "s", "stated", "gcn", {"iterations": 3}, TrainingSettings(0.01, 32, 5), 0, 1)
            >>> run.changed({"epochs": 9, "iterations": 2}).architecture
            {'iterations': 2}
        """
        training_names = [item.name for item in fields(TrainingSettings)]
        for name in changes:
            require_choice(f"setting of run {self.id}", name, [*training_names, *self.architecture])
        training = {name: value for name, value in changes.items() if name in training_names}
        architecture = {name: value for name, value in changes.items() if name not in training_names}
        return replace(
            self,
            training=replace(self.training, **training),
            architecture={**self.architecture, **architecture},
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunSettings:
        """Rebuild settings from `as_dict`."""
        return cls(**{**data, "training": TrainingSettings(**data["training"])})


@dataclass(frozen=True)
class Study:
    """A checked study.

    Attributes:
        name: The study's name; its outputs go to results/<name>/.
        seed: The seed from which everything derives.
        scenarios: Scenario name to {"kind", "parameters", "features"}; the parameters include num_links.
        splits: Realizations per split.
        runs: Run id to settings.
        noise_models: Noise model to its setting (see `quantum.devices.check_noise`).
        tables: Table name to the runs that it holds: one of each scenario's runs, and those that groups name. The
            runs of a table are of one scenario.
    """

    name: str
    seed: int
    scenarios: dict[str, dict[str, Any]]
    splits: dict[str, int]
    runs: dict[str, RunSettings] = field(default_factory=dict)
    noise_models: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)

    def scenario_of(self, table: str) -> str:
        """Return the scenario that a table's runs belong to."""
        return self.runs[self.tables[table][0]].scenario


def expand(config: Mapping[str, Any]) -> Study:
    """Check a config and expand its run groups.

    Args:
        config: The parsed config file, valid by the schema.

    Returns:
        The study.

    Raises:
        ValueError: A value contradicts another one: a k that the scenario has too few links for, an unknown model,
            protocol, scenario or option, two runs of one id, a run without tuned settings.
    """
    scenarios = {}
    for name, scenario in config["scenarios"].items():
        require_choice(f"kind of scenario {name}", scenario["kind"], KINDS)
        parameters = {key: value for key, value in scenario.items() if key not in ("kind", "features", "draw_seed")}
        require_count(f"num_links of scenario {name}", parameters.get("num_links"), minimum=2)
        scenarios[name] = {
            "kind": scenario["kind"],
            "features": scenario.get("features", "amplitude"),
            "draw_seed": scenario.get("draw_seed"),
            "parameters": parameters,
        }
    for name, size in config["splits"].items():
        require_choice("split", name, SPLITS)
        require_count(f"size of split {name}", size)
    noise_models = {name: dict(settings) for name, settings in config.get("noise_models", {}).items()}
    for name, settings in noise_models.items():
        try:
            check_noise(settings)
        except ValueError as error:
            raise ValueError(f"noise_models.{name}: {error}") from None
    runs: dict[str, RunSettings] = {}
    tables: dict[str, list[str]] = {}
    for group in config["runs"]:
        for run in _expand_group(group, config, scenarios, noise_models):
            if run.id in runs:
                raise ValueError(f"run {run.id}: two runs have this id; give one group another id template")
            runs[run.id] = run
            table = group.get("table", None if "sweep" in group else run.scenario)
            if table is not None:
                tables.setdefault(table, []).append(run.id)
    for run_id in config.get("tuned", {}):
        require_choice("run under tuned", run_id, runs)
    for table, members in tables.items():
        found = sorted({runs[run].scenario for run in members})
        if len(found) > 1 or (table in scenarios and found != [table]):
            raise ValueError(f"table {table} has runs of scenarios {found}; a table's runs must be of one scenario")
    return Study(config["study"], config["seed"], scenarios, dict(config["splits"]), runs, noise_models, tables)


def filled(name: str, template: str, names: Mapping[str, Any]) -> str:
    """Fill in a config's template.

    Args:
        name: What the template is called in the message.
        template: Text with names in braces.
        names: What the names stand for.

    Returns:
        The text.

    Raises:
        ValueError: The template has another name, a lone brace, or more than a name between braces.

    Example:
        >>> filled("id", "{model}-{speed}", {"model": "gcn"})
        Traceback (most recent call last):
        ValueError: id is '{model}-{speed}'; it may use {model} only
    """
    # Names only: str.format would also take "{model:>9999999999}" and "{model.__class__}".
    parts = re.split(r"\{(\w+)\}", template)  # text, name, text, name, ..., text
    if any("{" in text or "}" in text for text in parts[::2]) or not names.keys() >= set(parts[1::2]):
        raise ValueError(f"{name} is {template!r}; it may use {', '.join(f'{{{key}}}' for key in names)} only")
    parts[1::2] = [str(names[part]) for part in parts[1::2]]
    return "".join(parts)


def _expand_group(
    group: Mapping[str, Any],
    config: Mapping[str, Any],
    scenarios: Mapping[str, Any],
    noise_models: Mapping[str, Mapping[str, Any]],
) -> list[RunSettings]:
    sweep = group.get("sweep", {})
    axes = {axis: group[axis] for axis in ("scenario", "protocol", "model")} | sweep
    choices = {axis: value if isinstance(value, list) else [value] for axis, value in axes.items()}
    runs = []
    for values in itertools.product(*choices.values()):
        names = dict(zip(choices, values, strict=False))
        run_id = filled("id of a run group", group["id"], names)
        if not _RUN_ID.fullmatch(run_id):
            raise ValueError(f"id of a run is {run_id!r}; it may have letters, digits and _ - . only: it names files")
        require_choice(f"scenario of run {run_id}", names["scenario"], scenarios)
        require_choice(f"protocol of run {run_id}", names["protocol"], PROTOCOLS)
        require_choice(f"model of run {run_id}", names["model"], MODELS)
        scenario = scenarios[names["scenario"]]
        options = architecture_options(names["model"])
        given = {
            **config["models"].get(names["model"], {}),
            **group.get("architecture", {}),
            **{key: names[key] for key in sweep if key != "train_size"},
        }
        for key in given:
            require_choice(f"option of model {names['model']} in run {run_id}", key, options)
        if "scale" in given:
            require_choice(f"scale of run {run_id}", given["scale"], SCALES)
        # A model of a scale of its own keeps it; the others take the scenario's.
        scale = scenario["features"] if options["scale"] == SCALES[0] else options["scale"]
        architecture = {**options, "scale": scale, **given}
        if "k" in architecture:
            num_links = scenario["parameters"]["num_links"]
            require_count(f"k of run {run_id} ({num_links} links)", architecture["k"], maximum=num_links - 1)
        if "circuit" in architecture:
            require_choice(f"circuit of run {run_id}", architecture["circuit"], ANSATZE)
        if "stars" in architecture:
            require_choice(f"stars of run {run_id}", architecture["stars"], RULES)
        if architecture.get("noise") is not None:
            require_choice(f"noise of run {run_id}", architecture["noise"], noise_models)
            architecture["noise"] = dict(noise_models[architecture["noise"]])
        tuned_as = filled(f"tuned_as of run {run_id}", group.get("tuned_as", "{id}"), {"id": run_id, **names})
        tuned = config.get("tuned", {}).get(tuned_as, {})
        training = {**tuned, **group.get("training", {})}
        for key in _TUNED:
            if key not in training:
                raise ValueError(f"{key} of run {run_id}: stands neither under tuned nor in its group's training")
        train_size = names.get("train_size")
        if train_size is not None:
            available = config["splits"].get("pool", 0)
            require_count(f"train_size of run {run_id} (split pool has {available})", train_size, maximum=available)
            # As many gradient steps as on the split train.
            steps = training["epochs"] * -(-config["splits"]["train"] // training["batch_size"])
            training["epochs"] = max(1, round(steps / -(-train_size // training["batch_size"])))
        runs.append(
            RunSettings(
                id=run_id,
                **{axis: names[axis] for axis in ("scenario", "protocol", "model")},
                architecture={key: list(v) if isinstance(v, tuple) else v for key, v in architecture.items()},
                training=TrainingSettings(**training),
                seed=config["seed"],
                num_seeds=group.get("num_seeds", config["num_seeds"]),
                num_threads=config["torch"]["threads"],
                device=config["torch"]["device"],
                train_size=train_size,
            )
        )
    return runs
