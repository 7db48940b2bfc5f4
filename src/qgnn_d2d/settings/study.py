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
from .expansion import expand
from .model import MODELS
from .noise import NoiseModel, NoiseStudy, with_flags
from .run import RunSettings
from .scenario import NEEDED, SPLITS, Scenario

TRAINED = ("curves.csv", "weights.safetensors", "manifest.json", "test.nc", "evaluation.nc")
"""What there is of a trained run: curves, weights, manifest, and its values on every realization of two splits."""

_ABOUT = {"k": "k", "layers": "L", "heads": "heads", "entangling_layers": "E"}


@dataclass(frozen=True)
class Study:
    """A checked study.

    Attributes:
        config: The whole config.
        runs: Run id to settings; each run once.
        experiments: Experiment to the ids of its runs: each experiment is a table, of one scenario.
        variants: Run id to the model's name in the config (`qgnn_k9`, where the run's model is `qgnn`).
        presets: Run id to the name of its preset, or None.
        untuned: Ids of runs whose training options the config does not give; they can be tuned, but not trained.
    """

    config: StudySettings
    runs: dict[str, RunSettings]
    experiments: dict[str, list[str]]
    variants: dict[str, str]
    presets: dict[str, str | None]
    untuned: tuple[str, ...]

    @property
    def name(self) -> str:
        """The study's name."""
        return self.config.study

    @property
    def seed(self) -> int:
        """The seed from which everything derives."""
        return self.config.seed

    @property
    def scenarios(self) -> Mapping[str, Scenario]:
        """Scenario name to how its channels are drawn."""
        return self.config.scenarios

    @property
    def splits(self) -> dict[str, int]:
        """Split to its number of realizations, in the order of `SPLITS`."""
        return {name: size for name in SPLITS if (size := getattr(self.config.splits, name)) is not None}

    @property
    def noise_models(self) -> dict[str, NoiseModel]:
        """Noise model name to what it is, with the flagged forms of devices."""
        return with_flags(self.config.noise_models)

    @property
    def noise(self) -> NoiseStudy:
        """The noise study, where there is one."""
        assert self.config.noise is not None
        return self.config.noise

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Name to the runs that one process trains, one after the other: runs of one experiment, each in one group.

        Runs that claims are judged on share a group with each other only: a claim's target trains no others.
        """
        size, left, found = self.config.torch.runs_per_job, dict.fromkeys(self.runs), dict[str, list[str]]()
        judged = {run for pair in self.config.claims for run in pair.runs}
        for name, members in self.experiments.items():
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

    # Where files lie, relative to the repository.

    @property
    def results(self) -> str:
        """The study's folder."""
        return f"results/{self.name}"

    @property
    def figures(self) -> str:
        """The folder of its figures: only the paper's study writes to figures/."""
        return "figures" if self.name == "paper" else f"{self.results}/figures"

    def file(self, *parts: str) -> str:
        """Return a path in the study's folder."""
        return "/".join([self.results, *parts])

    def channels(self, scenario: str, split: str) -> str:
        """Return the channel file of a split."""
        return self.file("channels", scenario, f"{split}.nc")

    def trained(self, run: str, name: str) -> str:
        """Return a file of a trained run, one of `TRAINED`."""
        return self.file("training", run, name)

    def run_channels(self, run: str, *splits: str) -> list[str]:
        """Return the channel files of a run: what it is trained on, and other splits of its scenario."""
        settings = self.runs[run]
        return [self.channels(settings.scenario, name) for name in (settings.training_split, *splits)]

    def trained_from(self, run: str) -> list[str]:
        """Return the channel files of a training: what it trains on, and the splits that it is evaluated on."""
        return self.run_channels(run, "test", "evaluation")

    def trained_files(self, run: str) -> list[str]:
        """Return all files of a trained run."""
        return [self.trained(run, name) for name in TRAINED]

    def drawn(self, scenario: str) -> list[str]:
        """Return the channel files of a scenario that one job draws: those of the splits that every study needs."""
        return [self.channels(scenario, split) for split in NEEDED]

    def channel_sources(self, scenario: str) -> list[str]:
        """Return the files that a scenario's channels are read from: those of all splits, as all are compared."""
        sources = self.scenarios[scenario].sources
        return list(dict.fromkeys(sources[split] for split in self.splits if split in sources))

    def drawn_as(self, scenario: str, *splits: str) -> str:
        """Return what some splits, or those that every study needs, are drawn from, as text: their job's parameter."""
        settings = self.scenarios[scenario]
        return "; ".join(dict.fromkeys(settings.part(split, self.splits).text for split in splits or NEEDED))

    def noise_channels(self, split: str) -> str:
        """Return the channel file of a split of the noise study's scenario."""
        return self.channels(self.runs[self.noise.run].scenario, split)

    @property
    def scale_weights(self) -> list[str]:
        """The weights that the scale study evaluates; none without a scale study."""
        scale = self.config.scale
        return [self.trained(run, "weights.safetensors") for run in scale.runs] if scale is not None else []

    def solved(self, scenario: str, name: str) -> str:
        """Return a file of the solvers: train.nc, test.nc, evaluation.nc or summary.csv."""
        return self.file("solvers", scenario, name)

    def evaluated(self, experiment: str, split: str) -> list[str]:
        """Return the evaluations of an experiment's runs on a split (test or evaluation), in its order."""
        return [self.trained(run, f"{split}.nc") for run in self.experiments[experiment]]

    def table(self, experiment: str) -> str:
        """Return the table of an experiment, as CSV."""
        return self.file("tables", f"{experiment}.csv")

    @property
    def table_files(self) -> list[str]:
        """All tables, as CSV and as Markdown."""
        stems = [f"tables/{name}" for name in self.experiments] + ["convergence"] * bool(self.comparisons)
        stems += ["noise/summary"] if self.config.noise is not None else []
        return [self.file(f"{stem}.{suffix}") for stem in stems for suffix in ("csv", "md")]

    @property
    def claim_files(self) -> list[str]:
        """The claims and their verdicts; a study without claims has none."""
        return [self.file(f"claims.{suffix}") for suffix in ("json", "md") if self.config.claims]

    @property
    def reading_files(self) -> list[str]:
        """The readings of the paper's numbers; none without such a section, or without claims."""
        there = self.config.readings is not None and self.config.claims
        return [self.file(f"readings.{suffix}") for suffix in ("csv", "md")] if there else []

    @property
    def scale_files(self) -> list[str]:
        """The evaluations at other numbers of links; none without a scale study."""
        scale = self.config.scale
        return [self.file("scale", f"{links}.csv") for links in scale.links] if scale is not None else []

    @property
    def verified_files(self) -> list[str]:
        """What `make verify` compares: channels, trainings, evaluations, tables and claims."""
        files = [file for name in self.scenarios for file in self.drawn(name)]
        files += {self.channels(run.scenario, "pool"): 0 for run in self.runs.values() if run.train_size is not None}
        files += [self.trained(run, "manifest.json") for run in self.runs]  # the run's other files come with it
        if self.config.noise is not None:
            files += [self.file("noise", f"{name}.csv") for name in ("shots", "devices", "resources")]
        return files + self.table_files + self.claim_files + self.reading_files + self.scale_files

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

    def scenario_of(self, experiment: str) -> str:
        """Return the scenario that an experiment's runs belong to."""
        return self.runs[self.experiments[experiment][0]].scenario

    @property
    def comparisons(self) -> list[str]:
        """The experiments that compare models: those in which no option of a model is swept."""
        return [
            name
            for name, entries in self.config.experiments.items()
            if not any(entry.model_extra or entry.train_size is not None for entry in entries)
        ]

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

    @property
    def scale_text(self) -> str:
        """The scale study as text, with how far the optimum is searched for: what repeats its job where it changes."""
        assert self.config.scale is not None
        scenario = self.scenarios[self.runs[self.config.scale.runs[0]].scenario]
        return f"{self.config.scale.text}; optimum {scenario.optimum_text}"

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
