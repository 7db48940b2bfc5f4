"""What of a config refers to another part of it: every name must be there, and compared runs must be comparable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..checks import require_choice
from .expansion import check_same
from .model import MODELS

if TYPE_CHECKING:
    from .study import Study


def check(study: Study) -> None:
    """Require what a study's config refers to.

    Raises:
        ValueError: A mistake, in one line.
    """
    for what, name, known in _references(study):
        require_choice(what, name, known)
    for name in [*study.noise.devices, *study.noise.levels] if study.config.noise is not None else []:
        study.aware(name)
    if (gradients := study.config.gradients) is not None and gradients.realizations > study.splits["train"]:
        raise ValueError(
            f"gradients.realizations is {gradients.realizations}; it must be at most splits.train, "
            f"{study.splits['train']}"
        )
    _check_pairs(study)
    for base, redraws in study.redraws.items():
        _check_redraws(study, base, redraws[1:])
    check_same("train_draw", "scenario", [study.runs[base] for base in study.redraws])


def _references(study: Study) -> Iterator[tuple[str, Any, Any]]:
    """Yield every name that must exist elsewhere: where it stands, the name, the names there are."""
    config = study.config
    stated = [run.id for run in study.runs.values() if run.protocol == "stated" and run.num_links is None]
    quantum = [run for run in stated if getattr(study.runs[run].architecture, "noise", 0) is None]
    for scenario, protocols in config.tuned.items():
        yield "scenario under tuned", scenario, config.scenarios
        for models in protocols.values():  # a run's own name begins with its model's; a study need not have the run
            tunable = {**MODELS, **config.models}
            yield from ((f"model under tuned.{scenario}", key.partition("-")[0], tunable) for key in models)
    if (noise := config.noise) is not None:
        yield "stated run of a QGNN without noise under noise.run", noise.run, quantum
        levels = [name for name, model in config.noise_models.items() if model.depolarizing is not None]
        for key, known in {"devices": study.noise_models, "levels": levels, "unaware": study.noise_models}.items():
            yield from ((f"noise model under noise.{key}", name, known) for name in getattr(noise, key))
    for place, scale in {f"scale.{name}": scale for name, scale in config.scale.items()}.items():
        yield from ((f"stated run under {place}.runs", run, stated) for run in scale.runs)
        scenario, what = study.runs[scale.runs[0]].scenario, f"scenario of {place}.runs"
        yield what, scenario, [name for name, found in config.scenarios.items() if found.resizable]
        if scale.constant_density:
            with_area = [name for name, found in config.scenarios.items() if found.has_area]
            yield f"{what}, of constant density,", scenario, with_area
        yield from ((what, study.runs[run].scenario, [scenario]) for run in scale.runs)
        yield f"num_links of the {what}", config.scenarios[scenario].num_links, scale.links
    if (gradients := config.gradients) is not None:
        yield "stated run of a QGNN without noise under gradients.run", gradients.run, quantum
        yield from (("noise model under gradients.noise", name, study.noise_models) for name in gradients.noise)
        links = config.scenarios[study.runs[gradients.run].scenario].num_links
        yield from (("k under gradients.k (below num_links)", k, range(1, links)) for k in gradients.k)
    if (readings := config.readings) is not None:
        public = [name for name, found in config.scenarios.items() if found.kind == "public_draws"]
        yield "scenario of readings (of kind public_draws)", readings.scenario, public
    compared = [run for experiment in study.comparisons for run in study.experiments[experiment]]
    for i, pair in enumerate(config.claims):
        what = f"run under claims[{i}] (of an experiment that compares models)"
        yield from ((what, run, compared) for run in pair.runs)


def _check_pairs(study: Study) -> None:
    """Require that a pair's runs can be compared, and that at most one per scenario and protocol is primary."""
    primary: set[tuple[str, str]] = set()
    for i, pair in enumerate(study.config.claims):
        for what in ("scenario", "protocol"):
            check_same(f"claims[{i}]", what, [study.runs[run] for run in pair.runs])
        place = study.runs[pair.qgnn].scenario, study.runs[pair.qgnn].protocol
        if pair.primary and place in primary:
            raise ValueError(f"claims[{i}]: more than one pair of scenario {place[0]}, protocol {place[1]} is primary")
        primary |= {place} if pair.primary else set()


def _check_redraws(study: Study, base: str, redraws: list[str]) -> None:
    """Require the run that redraws are compared with, their equal settings, and as many seeds of all, two at least."""
    if base not in study.runs:
        raise ValueError(f"run {redraws[0]} needs run {base}, which it is compared with; no experiment has it")
    own = study.runs[base]
    for name in redraws:
        run = study.runs[name]
        same = {"id": base, "num_seeds": own.num_seeds, "train_size": None, "train_draw": None}
        if run.model_copy(update=same) != own:
            raise ValueError(f"run {name} has other settings than run {base}, which it is compared with")
        if not 2 <= run.num_seeds <= own.num_seeds or run.num_seeds != study.runs[redraws[0]].num_seeds:
            raise ValueError(
                f"num_seeds of run {name} is {run.num_seeds}; it must be as that of the other draws, and from 2 to the "
                f"{own.num_seeds} of run {base}"
            )
