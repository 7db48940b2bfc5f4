"""What a file of channels says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..io import reading
from .layout import ATTRIBUTES, DIMS, SIZES


def described(path: Path | str) -> dict[str, Any]:
    """Return what a file says of its channels, as options of `read_file`: everything, in a file of `save`.

    Any other file says nothing.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is a damaged file of `save`.

    Example:
        >>> from qgnn_d2d.channels import draw, save
        >>> from qgnn_d2d.settings.scenario import Rayleigh
        >>> folder = getfixture("tmp_path")
        >>> save(draw("rayleigh", Rayleigh(num_links=3), "test", 2, seed=1), folder / "drawn.nc")
        >>> described(folder / "drawn.nc")
        {'quantity': 'gain', 'variable': 'gain', 'weights': 'weight', 'noise_power': 0.1, 'p_max': 1.0}
    """
    import h5py

    with reading(path, "NetCDF-4", Exception):
        if Path(path).suffix.lower() != ".nc" or not h5py.is_hdf5(path):
            return {}
        with h5py.File(path, "r") as file:
            if not (set(ATTRIBUTES) <= set(file.attrs) and set(DIMS) <= set(file)):
                return {}
            numbers = {name: float(np.asarray(file.attrs[name]).item()) for name in ("noise_power", "p_max")}
            sizes = {"sizes": SIZES} if SIZES in file else {}
    return {"quantity": "gain", "variable": "gain", "weights": "weight", **numbers, **sizes}
