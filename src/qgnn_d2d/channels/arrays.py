"""Arrays in files of others: NetCDF, NumPy, MATLAB and HDF5, by one interface.

Nothing is run that a file may hold: objects, which NumPy would unpickle, are no numbers here.
"""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..io import reading
from . import matlab

Array = NDArray[Any]

_MATLAB_NUMBERS = {"double", "single", *(f"{sign}int{size}" for sign in ("", "u") for size in (8, 16, 32, 64))}


@dataclass(frozen=True)
class Variable:
    """A variable of an open file.

    Attributes:
        shape: Its shape.
        is_number: Whether it holds numbers, not text, truths or objects.
        read: Reads it whole.
        dims: Names of its dimensions, where the format has them.
    """

    shape: tuple[int, ...]
    is_number: bool
    read: Callable[[], Array]
    dims: tuple[str, ...] | None = None


@contextlib.contextmanager
def variables(path: Path | str) -> Iterator[dict[str, Variable]]:
    """Open a file, by the suffix of its name, and yield its variables by name; that of a .npy file is ``array``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or of another kind than its name says.
    """
    suffix = Path(path).suffix.lower()
    kind, opened = {".nc": ("NetCDF", _netcdf), ".npz": ("npz", _npz), ".npy": ("npy", _npy)}.get(
        suffix, ("MATLAB", _matlab) if suffix == ".mat" else ("HDF5", _hdf5)
    )
    with contextlib.ExitStack() as stack:
        with reading(path, kind, Exception):  # the layers down to HDF5 raise almost anything for bad files
            found = stack.enter_context(opened(path))
        yield {name: _guarded(variable, path, kind) for name, variable in found.items()}


def _guarded(variable: Variable, path: Path | str, kind: str) -> Variable:
    """Return a variable whose errors of reading are one line."""

    def read() -> Array:
        with reading(path, kind, Exception):
            return variable.read()

    return Variable(variable.shape, variable.is_number, read, variable.dims)


@contextlib.contextmanager
def _netcdf(path: Path | str) -> Iterator[dict[str, Variable]]:
    import xarray as xr

    with open(path, "rb") as file:
        is_classic = file.read(3) == b"CDF"
    dataset = (
        xr.open_dataset(path, engine="scipy", decode_times=False)
        if is_classic
        else xr.open_dataset(path, engine="h5netcdf", decode_times=False)
    )
    with dataset:
        yield {
            str(name): Variable(
                found.shape, found.dtype.kind in "iufc", partial(np.asarray, found), tuple(map(str, found.dims))
            )
            for name, found in dataset.variables.items()
        }


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of a .npy file: shape, whether the first index runs fastest, dtype."""
    version = npy.read_magic(file)
    if version == (1, 0):
        return npy.read_array_header_1_0(file)
    if version == (2, 0):
        return npy.read_array_header_2_0(file)
    raise ValueError(f"its version {version} has tables, not arrays of numbers")


def _in_npy(opened: Callable[[], IO[bytes]]) -> Variable:
    """Return the array of a .npy file, given what opens it."""
    with opened() as file:
        shape, _, dtype = _header(file)

    def read() -> Array:
        with opened() as file:
            return np.asarray(npy.read_array(file, allow_pickle=False))

    return Variable(shape, dtype.kind in "iufc", read)


def _opened(path: Path | str) -> IO[bytes]:
    return Path(path).open("rb")


@contextlib.contextmanager
def _npy(path: Path | str) -> Iterator[dict[str, Variable]]:
    yield {"array": _in_npy(partial(_opened, path))}


@contextlib.contextmanager
def _npz(path: Path | str) -> Iterator[dict[str, Variable]]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        yield {name.removesuffix(".npy"): _in_npy(partial(archive.open, name)) for name in names}


@contextlib.contextmanager
def _matlab(path: Path | str) -> Iterator[dict[str, Variable]]:
    import h5py
    import scipy.io

    if h5py.is_hdf5(path):  # version 7.3
        with _hdf5(path) as found:
            yield found
        return

    matlab.check(Path(path).read_bytes())

    def read(name: str) -> Array:
        return np.asarray(scipy.io.loadmat(path, variable_names=[name])[name])

    yield {
        name: Variable(shape, kind in _MATLAB_NUMBERS, partial(read, name))
        for name, shape, kind in scipy.io.whosmat(path)
    }


@contextlib.contextmanager
def _hdf5(path: Path | str) -> Iterator[dict[str, Variable]]:
    import h5py

    with h5py.File(path, "r") as file:
        names = list[str]()
        file.visit(names.append)
        datasets = {name: file[name] for name in names if not name.startswith("#")}  # MATLAB's own have a #
        yield {name: _in_hdf5(found) for name, found in datasets.items() if isinstance(found, h5py.Dataset)}


def _in_hdf5(dataset: Any) -> Variable:
    """Return an HDF5 dataset; of MATLAB's, the dimensions are in MATLAB's order, which HDF5 has reversed."""
    kind = dataset.attrs.get("MATLAB_class")
    from_matlab, fields = kind is not None, dataset.dtype.names
    is_pair = fields in (("real", "imag"), ("r", "i"), ("re", "im"))
    is_number = (is_pair or dataset.dtype.kind in "iufc") and (
        not from_matlab or (kind.decode() if isinstance(kind, bytes) else str(kind)) in _MATLAB_NUMBERS
    )

    def read() -> Array:
        values = np.asarray(dataset[()])
        if is_pair:
            values = values[fields[0]] + 1j * values[fields[1]]
        return values.T if from_matlab else values

    shape = dataset.shape or ()  # None: no value at all
    return Variable(shape[::-1] if from_matlab else shape, is_number, read)
