"""Trained weights as safetensors, and the manifest beside them that says whose they are."""

from __future__ import annotations

import contextlib
from pathlib import Path

import torch

from .. import models
from ..io import read_json, read_tensors, sha256, write_json, write_tensors
from ..models import PowerModel
from ..models.kernels import computed_by
from ..objective import trained_quantity
from ..settings import RunSettings


def save_weights(model: PowerModel, run: RunSettings, path: Path | str) -> None:
    """Write a model's parameters and buffers as safetensors.

    The header has the model's name and architecture, the number of seeds, and name and hash of the circuit
    (`PowerModel.circuit`). `load_weights` needs the run's manifest beside them (`save_manifest`).
    """
    architecture = run.as_dict()["architecture"]
    header = {"model": run.model, "architecture": architecture, "num_seeds": model.num_seeds, "circuit": model.circuit}
    write_tensors(path, model.state_dict(), header)


def save_manifest(run: RunSettings, model: PowerModel, path: Path | str, **outputs: Path) -> None:
    """Write what a trained run is: settings, metric, what computed it, parameters, and its outputs' hashes, by name."""
    content = {
        "settings": run.as_dict(),
        "metric": trained_quantity(run.protocol).name,
        "computed_by": computed_by(model),
        "num_parameters": model.num_parameters,
        "outputs": {name: sha256(output) for name, output in outputs.items()},
    }
    write_json(path, content)


def check_manifest(run: RunSettings, path: Path | str, **outputs: Path) -> None:
    """Require that a manifest is one of the run, and describes these outputs.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, of other settings, or describes other outputs; the line names it or the output.
    """
    manifest = read_json(path)
    settings, hashes = (
        part if isinstance(part := manifest.get(name), dict) else {} for name in ("settings", "outputs")
    )
    with contextlib.suppress(ValueError):  # else it is compared as it is, and refused
        settings = RunSettings.from_dict(settings).as_dict()  # options that came later have their defaults
    for name, value in run.as_dict().items():
        if settings.get(name) != value:
            raise ValueError(f"{path}: {name} is {settings.get(name)!r}; run {run.id} needs {value!r}")
    for name, output in outputs.items():
        if hashes.get(name) != sha256(output):
            raise ValueError(f"{output}: not the file that {path} describes")


def load_weights(run: RunSettings, path: Path | str) -> PowerModel:
    """Rebuild a run's trained model.

    Args:
        run: The run.
        path: Its weights; the manifest beside them (``manifest.json``) says whose they are.

    Raises:
        FileNotFoundError: There is no such file, or no manifest.
        ValueError: The weights are those of another run (see `check_manifest`), model or circuit, the file is no
            weights file, or has weights of another type or that are not finite; the line names it.
    """
    tensors, header = read_tensors(path)
    check_manifest(run, Path(path).with_name("manifest.json"), weights=Path(path))
    model = models.build(run.model, run.architecture, seed=run.seed, seeds=range(run.num_seeds), device=run.device)
    for name, needed in {"model": run.model, "circuit": model.circuit}.items():
        if name not in header:
            raise ValueError(f"{path}: its header has no {name}; weights of an earlier version must be trained again")
        if header[name] != needed:
            raise ValueError(f"{path}: weights of {name} {header[name]}; run {run.id} needs {name} {needed}")
    for name, own in model.state_dict().items():
        found = tensors.get(name, own)
        if found.dtype != own.dtype or not torch.isfinite(found).all():
            raise ValueError(f"{path}: {name} has dtype {found.dtype}; it must be {own.dtype}, all entries finite")
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{path}: weights do not fit run {run.id} ({' '.join(str(error).split())})") from error
    return model.eval()
