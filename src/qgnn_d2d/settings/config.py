"""The config file: its sections, how it is read, and how one file extends another."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, model_validator

from ..checks import shown
from .base import Count, Device, Name, Settings, Whole
from .gradients import GradientStudy
from .noise import NoiseModel, NoiseStudy
from .run import Protocol
from .scale import ScaleStudy
from .scenario import AnyScenario, Readings, Splits
from .training import Cap, TrainingChanges

RunName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\z")]
StudyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\z")]
_FILES = {"scenarios": ("path", "paths"), "noise_models": ("calibration",)}  # section to the keys that name data files
OneOrMany = Name | Annotated[list[Name], Field(min_length=1)]


class Torch(Settings):
    """Where and how wide PyTorch runs."""

    device: Device = "cpu"
    """PyTorch device of trainings and evaluations, for instance cpu or cuda:1."""
    threads: Count = 1
    """Threads of one training. Jobs run side by side, so 1 is fastest for the whole study."""
    runs_per_job: Count = 3
    """Trainings of one experiment that a job does, one after the other: more load PyTorch less often, fewer keep more
    processors busy."""
    checkpoint_seconds: Annotated[float, Field(ge=0)] = 20.0
    """Seconds between two checkpoints of a training; 0 writes one after every epoch."""


class Entry(Settings):
    """Some runs of an experiment: the product of all lists.

    Besides the keys below, an entry takes any option of its models, and of the training: a value, or a list of values.
    """

    model_config = ConfigDict(extra="allow")

    scenario: OneOrMany | None = None
    """Scenarios; the first one of the study where not given."""
    protocol: Protocol | list[Protocol] = "stated"
    """stated: eq. (2) in bps/Hz; released: the public code's quantities."""
    model: OneOrMany
    """Models: names of `qgnn_d2d.settings.model.MODELS`, or of the section models."""
    preset: str | None = None
    """A name in presets, whose options the runs take; it becomes a part of their ids."""
    num_seeds: Count | None = None
    """Overrides the study's num_seeds."""
    train_size: Count | list[Count] | None = None
    """Realizations to train on, the first ones of the split pool, with as many gradient steps as on the split train."""
    train_draw: Count | list[Count] | None = None
    """Another set of training realizations, as many as the split train has: draw 1 are the first ones of the split
    pool, draw 2 those after them, and so on. The run is compared with that on the split train and with other draws."""


class ClaimPair(Settings):
    """Two runs that the paper's sentences about curves (claims C1 to C7) are applied to."""

    models: str
    """Whose models these are and how they were trained, in words."""
    qgnn: str
    """Id of the QGNN's run."""
    gcn: str
    """Id of the GCN's run, of the same scenario and protocol."""
    gcn_small: str | None = None
    """Id of the run of a GCN with as many parameters as the QGNN."""
    primary: bool = False
    """Whether the claims are judged by this pair: at most one per scenario and protocol. The claims' own verdicts come
    from the study's first scenario; those of another one stand in a column of their own."""
    wmmse: Literal["wmmse", "wmmse_better_start"] = "wmmse"
    """The method whose line is WMMSE's: from full power with 100 iterations, or the better of two starts (full power,
    best single link) with 1,000."""

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs of the pair, the QGNN's first."""
        return tuple(run for run in (self.qgnn, self.gcn, self.gcn_small) if run is not None)


class StudySettings(Settings):
    """Everything that determines a study's numbers. docs/protocol.md says where each value comes from."""

    study: StudyName
    """The study's name. Outputs go to `results/<study>/`; only the study `paper` writes to `figures/`."""
    extends: str | None = None
    """A config file beside this one that holds whatever is not said here; null removes a key of it."""
    seed: Whole
    """The one seed from which all random streams derive: channels, starts, shuffles, stars, dropout."""
    num_seeds: Count
    """Seeds 0 to num_seeds - 1 of every run, trained together in one job."""
    torch: Torch = Torch()
    """Where and how wide PyTorch runs."""
    weights: Literal["trained", "reference"] = "trained"
    """trained: every run is trained; reference: weights and curves are those in `results/reference/`."""
    splits: Splits
    """Channel realizations per split."""
    scenarios: Annotated[dict[Name, AnyScenario], Field(min_length=1)]
    """Scenario name (used in paths and run ids) to how its channels are drawn."""
    models: dict[Name, dict[str, Any]] = {}
    """Model name to options that all its runs share; with `base`, a variant of that model under a name of its own."""
    training: TrainingChanges = TrainingChanges()
    """Training options of all runs, where nothing else is said."""
    tuned: dict[Name, dict[Protocol, dict[RunName, TrainingChanges]]] = {}
    """Scenario, protocol and model to training options; `make tuned` writes what a search found. In the place of a
    model, one run's own name can stand, its id without scenario and protocol. The nearest entry counts: of the run, of
    the variant, of its base."""
    presets: dict[StudyName, dict[str, Any]] = {}
    """Preset name (used in run ids) to training and model options."""
    experiments: Annotated[dict[Name, Annotated[list[Entry], Field(min_length=1)]], Field(min_length=1)]
    """Experiment name to its runs: each experiment is a table. Equal runs of two experiments are trained once."""
    noise_models: dict[StudyName, NoiseModel] = {}
    """Noise model name (used in paths and run ids) to what it is; a device or calibration `d` also gives `d_idle` and
    `d_inverted`."""
    noise: NoiseStudy | None = None
    """The noise study; a study without it has none of its figures."""
    scale: dict[Name, ScaleStudy] = {}
    """Name (used in paths) to a study of trained networks on networks of other sizes; without any, there is no such
    figure."""
    gradients: GradientStudy | None = None
    """Gradients of untrained networks; a study without it has no such table and figure."""
    claims: list[ClaimPair] = []
    """Pairs of runs that claims C1 to C7 are judged on, each of one scenario."""
    readings: Readings | None = None
    """Readings of the paper's numbers; a study without it has no such table and figure."""
    search: str | None = None
    """A file beside this one that says what `snakemake tune` compares."""
    cap: Cap | None = None
    """Largest values for a test of the workflow, whose numbers mean nothing."""

    @model_validator(mode="after")
    def _names_are_clear(self) -> StudySettings:
        if self.study in ("reference", "benchmarks"):
            raise ValueError(f"study: {self.study!r} is what another folder of results/ is called")
        taken = {"summary", "convergence", *(f"scale_{name}" for name in self.scale)}
        if used := [name for name in self.experiments if name in taken]:
            raise ValueError(
                f"an experiment is called {used[0]!r}; this is the name of another table, or of a scale study's runs"
            )
        return self


def read(path: Path | str) -> dict[str, Any]:
    """Read a YAML file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no YAML mapping, or a key stands twice, of which YAML would drop the first; the line names it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        check_keys(text)
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{path}: not a YAML file ({' '.join(str(error).split())[:200]})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds {shown(content)}; it must be a mapping")
    return content


def check_keys(text: str) -> None:
    """Refuse a key that stands twice in one mapping.

    Example:
        >>> check_keys("splits: {train: 3, train: 4}")
        Traceback (most recent call last):
        ValueError: splits: key train stands twice (line 1)
    """
    waiting: list[tuple[str, Any]] = [("", yaml.compose(text, Loader=yaml.SafeLoader))]
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
                if isinstance(key, yaml.ScalarNode):
                    if key.value in keys:
                        raise ValueError(
                            f"{path or 'the config'}: key {key.value} stands twice (line {key.start_mark.line + 1})"
                        )
                    keys.add(key.value)
                waiting.append((f"{path}.{key.value}".lstrip("."), child))


def resolved(content: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a parsed config with what it extends, in ``folder``, filled in.

    Files of channels and calibrations are relative to the file that names them; here they become relative to the
    working directory.

    Raises:
        ValueError: There is no such file, it is no config, or a chain of files comes back to its beginning.
    """
    layers, chain, place = [_located(content, folder)], list[str](), Path()
    while (base := layers[-1].pop("extends", None)) is not None:
        if not isinstance(base, str):
            raise ValueError(f"extends is {shown(base)}; it must be text")
        path = place / base  # relative to the file that names it
        if str(path) in chain:
            raise ValueError(f"extends is {base!r}; the files {', '.join(chain)} extend each other in a circle")
        chain.append(str(path))
        try:
            place, below = path.parent, read(folder / path)
        except OSError as error:
            raise ValueError(f"extends is {shown(base)}; {folder / path}: {error.strerror}") from None
        if below.get("search") is not None:
            below["search"] = (place / str(below["search"])).as_posix()
        layers.append(_located(below, folder / place))
    return functools.reduce(_merged, reversed(layers))


def _located(content: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a config with its data files' names as seen from the working directory, absolute if not below it."""

    def located(name: Any) -> Any:
        if isinstance(name, Mapping):
            return {key: located(part) for key, part in name.items()}
        if not isinstance(name, str):
            return name
        path = Path(os.path.normpath(folder / name))
        return (path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path).as_posix()

    def moved(entry: Any, keys: tuple[str, ...]) -> Any:
        if not isinstance(entry, Mapping):
            return entry
        return {key: located(value) if key in keys else value for key, value in entry.items()}

    result = dict(content)
    for section, keys in _FILES.items():
        if isinstance(entries := content.get(section), Mapping):
            result[section] = {name: moved(entry, keys) for name, entry in entries.items()}
    return result


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``below`` with what ``above`` says: mappings key by key, anything else as a whole; None removes a key."""
    merged = dict(below)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged
