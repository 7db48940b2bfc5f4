"""Where a study's files lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .config import StudySettings
from .noise import NoiseStudy
from .run import RunSettings
from .scenario import NEEDED, SPLITS, Scenario
from .training import Training

TRAINED = ("curves.csv", "weights.safetensors", "manifest.json", "test.nc", "evaluation.nc")
"""What there is of a trained run: curves, weights, manifest, and its values on every realization of two splits."""


@dataclass(frozen=True)
class StudyFiles:
    """A checked study: what it holds, and where its files lie, relative to the repository.

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
    def scenarios(self) -> Mapping[str, Scenario]:
        """Scenario name to how its channels are drawn."""
        return self.config.scenarios

    @property
    def splits(self) -> dict[str, int]:
        """Split to its number of realizations, in the order of `SPLITS`."""
        return {name: size for name in SPLITS if (size := getattr(self.config.splits, name)) is not None}

    @property
    def noise(self) -> NoiseStudy:
        """The noise study, where there is one."""
        assert self.config.noise is not None
        return self.config.noise

    @property
    def comparisons(self) -> list[str]:
        """The experiments that compare models: those in which no option of a model is swept."""
        return [
            name
            for name, entries in self.config.experiments.items()
            if not any(
                set(entry.model_extra or ()) - set(Training.model_fields)
                or (entry.train_size or entry.train_draw) is not None
                for entry in entries
            )
        ]

    @property
    def redraws(self) -> dict[str, list[str]]:
        """Run to itself (draw 0) and the runs that are like it, but for a train_draw, in the order of their draws."""
        found: dict[str, list[str]] = {}
        for draw, name in sorted((run.train_draw or 0, name) for name, run in self.runs.items()):
            if draw:
                base = name.removesuffix(f"-d{draw}")
                found.setdefault(base, [base]).append(name)
        return {base: found[base] for base in [*self.runs, *found] if base in found}

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
        """Return the channel files of a training: what it trains on, and the splits that it is evaluated on.

        None of a scale study's training, which draws what it trains on, and which the scale study alone evaluates.
        """
        return self.run_channels(run, "test", "evaluation") if self.runs[run].num_links is None else []

    def trained_files(self, run: str) -> list[str]:
        """Return all files of a trained run; no values of one that a scale study evaluates."""
        values = self.runs[run].num_links is None
        return [self.trained(run, name) for name in TRAINED if values or not name.endswith(".nc")]

    def drawn_in(self, run: str) -> str:
        """Return what a scale study's training draws its channels from, as text; nothing of other runs."""
        settings = self.runs[run]
        if settings.num_links is None:
            return ""
        scenario = self.scenarios[settings.scenario].resized(settings.num_links)
        return f"{scenario.text}; train = {self.splits['train']}"

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

    def scale_runs(self, name: str, links: int | None = None) -> list[str]:
        """Return the runs of a scale study, or those that it evaluates at a number of links."""
        study = self.config.scale[name]
        return list(study.runs) if links is None else study.evaluated(links)

    def scale_weights(self, name: str, links: int | None = None) -> list[str]:
        """Return the weights that a scale study evaluates at a number of links; those of its runs alone for None."""
        return [self.trained(run, "weights.safetensors") for run in self.scale_runs(name, links)]

    def solved(self, scenario: str, name: str) -> str:
        """Return a file of the solvers: train.nc, test.nc, evaluation.nc or summary.csv."""
        return self.file("solvers", scenario, name)

    def evaluated(self, experiment: str, split: str) -> list[str]:
        """Return the evaluations of an experiment's runs on a split (test or evaluation), in its order."""
        return [self.trained(run, f"{split}.nc") for run in self.experiments[experiment]]

    def table(self, experiment: str) -> str:
        """Return the table of an experiment, as CSV."""
        return self.file("tables", f"{experiment}.csv")

    def seeds(self, experiment: str) -> str:
        """Return what every seed of an experiment's runs reaches on the evaluation set, as CSV."""
        return self.file("seeds", f"{experiment}.csv")

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

    def scale_files(self, suffix: str = "csv") -> list[str]:
        """Return the evaluations at other numbers of links, of all scale studies: csv (means) or nc (realizations)."""
        return [
            self.file("scale", name, f"{links}.{suffix}")
            for name, scale in self.config.scale.items()
            for links in scale.links
        ]

    @property
    def redraw_files(self) -> list[str]:
        """What depends on the training realizations drawn; none without runs on other draws."""
        return [self.file(f"redraws.{suffix}") for suffix in ("csv", "md") if self.redraws]

    @property
    def gradient_files(self) -> list[str]:
        """The table of the gradient study; none without one."""
        return [self.file("gradients.csv")] if self.config.gradients is not None else []

    @property
    def inference_files(self) -> list[str]:
        """Times and memory of inference, of the scale studies that measure them."""
        return [self.file("scale", name, "inference.csv") for name, one in self.config.scale.items() if one.inference]

    @property
    def verified_files(self) -> list[str]:
        """What `make verify` compares: channels, trainings, evaluations, tables and claims."""
        files = [file for name in self.scenarios for file in self.drawn(name)]
        files += {self.channels(run.scenario, "pool"): 0 for run in self.runs.values() if run.train_size is not None}
        files += [self.trained(run, "manifest.json") for run in self.runs]  # the run's other files come with it
        if self.config.noise is not None:
            files += [self.file("noise", f"{name}.csv") for name in ("shots", "devices", "resources")]
        files += self.table_files + self.claim_files + self.reading_files + self.redraw_files
        return files + self.scale_files() + self.gradient_files
