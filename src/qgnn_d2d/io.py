"""Files that are either whole or not there: everything is written beside its place and renamed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checks import shown

if TYPE_CHECKING:  # each is loaded by the functions that need it: a job without science starts without them
    import pandas as pd
    import torch
    import xarray as xr

_NUMBERS = "iufb"  # kinds of NumPy's types that NetCDF holds as numbers
# Control characters, all that ends a line, and the surrogates that stand for bytes that are no UTF-8.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def write_whole(path: Path | str, write: Callable[[Path], Any]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it; on an error nothing is left.

    What a killed process left half-written for the same path is removed. One process writes a path at a time. Missing
    folders are made.

    Raises:
        OSError: The system refuses (no space, no permission, ...); the line names ``path`` and the reason.
        ValueError: The path would break a message's line.
    """
    _require_name(path)
    path = Path(path)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    # A glob's `*` would take `.a.b.1.partial.csv`, which someone may be filling for `a.b.csv`, for one of `a.csv`.
    of_this_path = re.compile(rf"\.{re.escape(path.stem)}\.[0-9]+\.partial{re.escape(path.suffix)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.iterdir():
            if of_this_path.fullmatch(left.name):
                left.unlink(missing_ok=True)
        write(partial)
        os.replace(partial, path)
    except OSError as error:
        # The system's own line names no file when a disk is full, and the temporary one when a folder is closed.
        raise OSError(f"{path}: not written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):  # where nothing can be written there is nothing to remove
            partial.unlink()


def json_text(content: Any) -> str:
    """Return ``content`` as `write_json` writes it: indented, with sorted keys."""
    return json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n"


def write_json(path: Path | str, content: Any) -> None:
    """Write ``content`` as indented JSON with sorted keys."""
    write_text(path, json_text(content))


def write_text(path: Path | str, text: str) -> None:
    """Write text as UTF-8."""
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_npz(path: Path | str, arrays: Mapping[str, Any]) -> None:
    """Write named arrays, none of them of objects, as a compressed NumPy archive."""
    import numpy as np

    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_whole(path, lambda partial: partial.write_bytes(content.getvalue()))


def write_csv(path: Path | str, table: pd.DataFrame) -> None:
    """Write a table's columns, without its index."""
    write_whole(path, lambda partial: table.to_csv(partial, index=False))


def write_tensors(path: Path | str, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> None:
    """Write named tensors and JSON metadata as one safetensors file; the same content gives the same bytes."""
    import safetensors.torch

    plain = {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
    header = {key: json.dumps(value, sort_keys=True) for key, value in metadata.items()}
    content = _with_sorted_metadata(safetensors.torch.save(plain, metadata=header))
    write_whole(path, lambda partial: partial.write_bytes(content))


def write_netcdf(path: Path | str, dataset: xr.Dataset, *, checksums: bool = False) -> None:
    """Write a dataset as NetCDF-4, its numbers compressed, with checksums of their own if asked for.

    The file is made in memory: HDF5 ends the process with a segmentation fault if the disk fills up under its own file.

    Raises:
        ValueError: It is no dataset, or NetCDF cannot hold a variable or an attribute; the line names it.
    """
    _require_storable(path, dataset)
    compressed = {"zlib": True, "complevel": 4, **({"fletcher32": True} if checksums else {}), "_FillValue": None}
    numbers = [name for name, values in dataset.data_vars.items() if values.dtype.kind in _NUMBERS]
    encoding = dict.fromkeys(numbers, compressed)
    content = dataset.to_netcdf(None, engine="h5netcdf", format="NETCDF4", encoding=encoding)
    write_whole(path, lambda partial: partial.write_bytes(content))


def _require_storable(path: Path | str, dataset: Any) -> None:
    """Require a dataset whose variables and attributes NetCDF has types for."""
    import numpy as np
    import xarray as xr

    if not isinstance(dataset, xr.Dataset):
        raise ValueError(f"{path}: dataset is of type {type(dataset).__name__}; it must be an xarray.Dataset")

    def is_text(values: Any) -> bool:
        return values.dtype.kind in "US" or (
            values.dtype.kind == "O" and all(isinstance(one, str) for one in np.ravel(values.values))
        )

    for name, values in dataset.variables.items():
        if values.dtype.kind not in _NUMBERS + "mM" and not is_text(values):
            raise ValueError(
                f"{path}: variable {name} is of type {values.dtype}; it must hold real numbers, truths, times or text"
            )
    owners = {"": dataset.attrs, **{f" of variable {name}": one.attrs for name, one in dataset.variables.items()}}
    for owner, attributes in owners.items():
        for key, value in attributes.items():
            entries = np.asarray(value)
            plain = entries.dtype.kind in ("US" if isinstance(value, str | list | tuple) else "") + "iuf"
            if not isinstance(key, str) or not plain or entries.ndim > 1 or isinstance(value, dict):
                raise ValueError(
                    f"{path}: attribute {key}{owner} is {shown(value)}, of type {type(value).__name__}; it must be "
                    "text, a real number, or a list of either"
                )


def read_netcdf(path: Path | str) -> xr.Dataset:
    """Read a NetCDF-4 file into memory, and close it; errors as in `read_json`."""
    import xarray as xr

    with reading(path, "NetCDF-4", Exception):  # the layers down to HDF5 raise almost anything for bad files
        dataset = xr.load_dataset(path, engine="h5netcdf")
    return dataset


def _with_sorted_metadata(content: bytes) -> bytes:
    """Sort the metadata of a safetensors file: the library leaves their order to chance."""
    start = 8 + int.from_bytes(content[:8], "little")  # of the data; before it, the header's length and the header
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the format aligns the data
    return len(text).to_bytes(8, "little") + text + content[start:]


def read_tensors(path: Path | str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read tensors and metadata that `write_tensors` wrote; errors as in `read_json`."""
    import safetensors

    # Besides the library's own errors, what JSON, text and tensors of odd types raise.
    with reading(path, "safetensors", Exception), safetensors.safe_open(str(path), framework="pt") as file:
        metadata = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    return tensors, metadata


def read_npz(path: Path | str) -> dict[str, Any]:
    """Read the arrays that `write_npz` wrote; errors as in `read_json`."""
    import numpy as np

    with reading(path, "npz", Exception), np.load(path, allow_pickle=False) as archive:  # noqa: TID251 (no objects)
        return {name: archive[name] for name in archive.files}


def read_json(path: Path | str) -> dict[str, Any]:
    """Read an object that `write_json` wrote.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is truncated, foreign, or holds something else than an object; the line names it.
    """
    with reading(path, "JSON", ValueError, RecursionError):
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path}: holds a {type(content).__name__}; it must be an object")
    return content


def read_csv(path: Path | str, columns: Sequence[str] = (), *, separator: str = ",") -> pd.DataFrame:
    """Read a table, numbers as numbers; errors as in `read_json`, also for a file that lacks one of ``columns``."""
    import pandas as pd

    with reading(path, "CSV", ValueError, OverflowError, RecursionError):  # pandas raises ValueErrors for bad files
        if not Path(path).read_bytes().endswith(b"\n"):
            raise ValueError("its last line has no end")
        table = pd.read_csv(path, sep=separator)
        if not isinstance(table.index, pd.RangeIndex):  # pandas would take the first column for names of rows
            raise ValueError("rows are longer than the header")
    missing = [name for name in columns if name not in table]
    if missing:
        raise ValueError(f"{path}: columns are {list(map(str, table.columns))}; {missing} are missing")
    return table


def _require_name(path: Path | str) -> None:
    """Refuse a path that no line of a message can show."""
    if _UNSHOWN.search(str(path)):
        raise ValueError(f"file name is {str(path)!a}; it must be UTF-8 without control characters")


@contextlib.contextmanager
def reading(path: Path | str, kind: str, *errors: type[Exception]) -> Iterator[None]:
    """Require a file, and turn the errors of reading it into one line, without a bad file's control characters.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: One of ``errors`` came up; the line names the file and the kind of file it should be.
    """
    _require_name(path)
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        yield
    except errors as error:
        text = "".join(c if c.isprintable() else " " for c in str(error))
        reason = " ".join(text.split()) or type(error).__name__
        raise ValueError(f"{path}: not a complete {kind} file ({reason})") from error


def sha256(path: Path | str) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
