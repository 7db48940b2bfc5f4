"""A study: the checked config, its runs, where its files lie, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from . import config as files
from . import references
from .base import validated
from .config import StudySettings
from .expansion import expand, retrained
from .model import MODELS
from .noise import NoiseModel, with_flags
from .run import RunSettings
from .study_files import StudyFiles

_ABOUT = {"k": "k", "layers": "L", "heads": "heads", "entangling_layers": "E"}


@dataclass(frozen=True)
class Study(StudyFiles):
    """A checked study: its files, and what can be asked of it."""

    @property
    def seed(self) -> int:
        """The seed from which everything derives."""
        return self.config.seed

    @property
    def noise_models(self) -> dict[str, NoiseModel]:
        """Noise model name to what it is, with the flagged forms of devices."""
        return with_flags(self.config.noise_models)

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Name to the runs that one process trains, one after the other: runs of one experiment, each in one group.

        Or of one scale study, where they are trained for it.

        Runs that claims are judged on share a group with each other only: a claim's target trains no others.
        """
        size, left, found = self.config.torch.runs_per_job, dict.fromkeys(self.runs), dict[str, list[str]]()
        judged = {run for pair in self.config.claims for run in pair.runs}
        for_scale = {f"scale_{name}": list(scale.trainings) for name, scale in self.config.scale.items()}
        for name, members in {**self.experiments, **for_scale}.items():
            new = [run for run in members if run in left]
            left = {run: None for run in left if run not in new}
            parts = [run for run in new if run in judged], [run for run in new if run not in judged]
            chunks = [part[i : i + size] for part in parts for i in range(0, len(part), size)]
            found |= {f"{name}_{i}": chunk for i, chunk in enumerate(chunks, start=1)}
        return found

    @property
    def noise_groups(self) -> list[list[str]]:
        """The noise models of the noise study, by the process that evaluates them; none without a noise study."""
        names, size = self.config.noise.names if self.config.noise is not None else [], self.config.torch.runs_per_job
        return [names[i : i + size] for i in range(0, len(names), size)]

    @property
    def own_circuits(self) -> dict[str, str]:
        """Run id to ``module:function``, of runs whose circuit is not one of the library's."""
        circuits = {name: getattr(run.architecture, "circuit", "") for name, run in self.runs.items()}
        return {name: circuit for name, circuit in circuits.items() if ":" in circuit}

    @property
    def meaningless(self) -> bool:
        """Whether the study is a test of the workflow, whose numbers mean nothing."""
        return self.config.cap is not None

    # Questions.

    def has(self, *experiments: str) -> bool:
        """Whether the study has all of these experiments."""
        return all(name in self.experiments for name in experiments)

    def select(self, experiment: str, **wanted: Any) -> list[str]:
        """Return the runs of an experiment with the wanted protocol, model, variant or preset, in its order."""
        members = self.experiments.get(experiment, [])
        facts = {
            run: {"variant": self.variants[run], "preset": self.presets[run], **dict(self.runs[run])} for run in members
        }
        return [run for run in members if wanted.items() <= facts[run].items()]

    @property
    def first_scenario(self) -> str:
        """The scenario of runs that name none; the claims' own verdicts are of it."""
        return next(iter(self.scenarios))

    def scenario_of(self, experiment: str) -> str:
        """Return the scenario that an experiment's runs belong to."""
        return self.runs[self.experiments[experiment][0]].scenario

    def label(self, run: str, *, about: bool = False) -> str:
        """Return what legends call a run: its model, a circuit of one's own, and with ``about`` its architecture."""
        parts = MODELS[self.runs[run].model].label, self.own_circuits.get(run)
        label, text = ", ".join(filter(None, parts)), self.about(run)
        return f"{label}, {text}" if about and text else label

    def about(self, run: str) -> str:
        """Return a run's architecture in short, such as ``k = 9, L = 4``; nothing for models without stars."""
        options = dict(self.runs[run].architecture)
        return ", ".join(f"{short} = {options[key]}" for key, short in _ABOUT.items() if {"k", key} <= options.keys())

    def aware(self, noise: str) -> str:
        """Return the run trained under a noise model of the noise study: like its run, but for the noise.

        Raises:
            ValueError: The study has no such run.
        """
        plain = self.runs[self.noise.run]
        architecture = plain.architecture.model_copy(update={"noise": self.noise_models[noise]})
        wanted = (plain.scenario, plain.protocol, architecture, None)
        for run in self.runs.values():
            if (run.scenario, run.protocol, run.architecture, run.train_size) == wanted:
                return run.id
        raise ValueError(f"noise: no run is like {plain.id}, but trained under the noise model {noise}")

    def noise_runs(self, noise: str) -> dict[str, str]:
        """Return training (unaware, aware) to the run that is evaluated under a noise model of the noise study."""
        aware = {"aware": self.aware(noise)} if noise in [*self.noise.devices, *self.noise.levels] else {}
        return {"unaware": self.noise.run} | aware

    def scale_text(self, name: str) -> str:
        """Return a scale study as text, with how far the optimum is searched for: what repeats its jobs."""
        scale = self.config.scale[name]
        scenario = self.scenarios[self.runs[scale.runs[0]].scenario]
        return f"{scale.text}; {scenario.text}; optimum {scenario.optimum_text}"

    @property
    def gradients_text(self) -> str:
        """The gradient study as text, with its run and noise models: what repeats its job where it changes."""
        gradients = self.config.gradients
        assert gradients is not None
        noise = [f"{name} {self.noise_models[name].text}" for name in gradients.noise]
        return "; ".join([gradients.text, f"run {self.runs[gradients.run].text}", *noise])

    def noise_text(self, noise: str) -> str:
        """Return a noise model and the noise study's sizes as text: what repeats its jobs where it changes."""
        return f"{self.noise_models[noise].text}; {self.noise.text}"

    def noise_inputs(self, noise: str) -> list[str]:
        """Return what the evaluation under a noise model reads: channels of two splits, and its runs' weights."""
        weights = [self.trained(run, "weights.safetensors") for run in self.noise_runs(noise).values()]
        return [self.noise_channels("evaluation"), self.noise_channels("test"), *weights]

    def noise_files(self, noise: str) -> list[str]:
        """Return what the evaluation under a noise model writes: exact values, and values of finite shots."""
        return [self.file("noise", noise, f"{kind}.csv") for kind in ("exact", "shots")]

    def trainable(self, run: str) -> RunSettings:
        """Return a run that can be trained.

        Raises:
            ValueError: The config lacks training options of some run.
        """
        if self.untuned:
            raise ValueError(
                f"learning_rate, batch_size and epochs of run {self.untuned[0]} stand neither under tuned nor "
                "elsewhere; `snakemake tune` searches for them"
            )
        return self.runs[run]


def load(content: Mapping[str, Any], folder: Path | str = ".") -> Study:
    """Check a parsed config and expand it; what it extends lies in ``folder``.

    Raises:
        ValueError: A mistake, in one line.
    """
    config = validated(StudySettings, files.resolved(content, Path(folder)))
    found, experiments = expand(config)
    found |= retrained(config, found)
    study = Study(
        config,
        {name: item.run for name, item in found.items()},
        experiments,
        {name: item.variant for name, item in found.items()},
        {name: item.preset for name, item in found.items()},
        tuple(name for name, item in found.items() if not item.is_tuned),
    )
    references.check(study)
    return study


def read(path: Path | str) -> Study:
    """Read a study from its config file; errors as in `config.read` and `load`."""
    return load(files.read(path), Path(path).parent)
