"""What the property tests share: how a refusal looks, and awkward inputs."""

import math
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import torch
from hypothesis import strategies as st


def refused(call: Callable[[], Any], *words: str) -> None:
    """Require a ValueError of one line that holds the words."""
    try:
        result = call()
    except ValueError as error:
        text = str(error)
        assert text and "\n" not in text, repr(text)
        assert all(word in text for word in words), text
    else:
        raise AssertionError(f"not refused: {result!r:.200}")


def result_of(call: Callable[[], Any]) -> Any:
    """Return what a call returns, or None where it is refused in one line; any other error is an error."""
    try:
        return call()
    except ValueError as error:
        assert str(error) and "\n" not in str(error), repr(str(error))
        return None


NAN, INF = math.nan, math.inf
ODD = st.sampled_from([NAN, INF, -INF, -1.0, 0.0, 1e-300, 1e300, -1e300, 5e-324, 1.7e308])
ANY_FLOAT = st.floats(width=64) | ODD
COUNTS = st.integers(-3, 6) | st.sampled_from([10**30, -(10**30)])
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    ANY_FLOAT,
    COUNTS,
    st.lists(st.integers(), max_size=2),
    st.complex_numbers(),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.binary(max_size=3),
    st.sampled_from([np.float64(2.0), np.int64(2), np.float32(np.nan), np.bool_(True), np.array([1.0]), object()]),
)
FINITE = st.floats(-1e6, 1e6)
SEEDS = st.integers(0, 2**32 - 1)


def damaged(content: bytes, kind: str, data: Any) -> bytes:
    """Return a file's content with a kind of damage: bytes, cut, zeros, insert, twice, other."""
    changed = bytearray(content)
    at = data.draw(st.integers(0, len(changed) - 1))
    if kind == "bytes":
        for place in data.draw(st.lists(st.integers(0, len(changed) - 1), min_size=1, max_size=8)):
            changed[place] = data.draw(st.integers(0, 255))
    elif kind == "cut":
        del changed[at:]
    elif kind == "zeros":
        changed[at : at + 16] = bytes(len(changed[at : at + 16]))
    elif kind == "insert":
        changed[at:at] = data.draw(st.binary(min_size=1, max_size=8))
    elif kind == "twice":
        changed *= 2
    else:
        changed = bytearray(data.draw(st.binary(max_size=64)))
    return bytes(changed)


def is_plain_count(value: Any) -> bool:
    """Whether a value is an integer, and no bool."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)


def samples(ndim: int, low: int = 1, high: int = 6, elements: Any = FINITE) -> Any:
    """Return float64 arrays of some dimensions, each of size low to high."""
    return hnp.arrays(
        np.float64, hnp.array_shapes(min_dims=ndim, max_dims=ndim, min_side=low, max_side=high), elements=elements
    )


def any_array() -> Any:
    """Return arrays of any numeric dtype and 0 to 3 dimensions, empty ones too, with NaN and infinite entries."""
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    dtypes = st.sampled_from([np.float64, np.float32, np.int64, np.bool_, np.complex128, "U3"])
    return dtypes.flatmap(lambda dtype: hnp.arrays(dtype, shapes))


def is_good(values: np.ndarray, ndim: int, minimum: int = 1) -> bool:
    """Whether an array is one of finite numbers, of some dimensions, none of them empty."""
    return (
        values.dtype.kind in "fiu"
        and values.ndim == ndim
        and values.size > 0
        and len(values) >= minimum
        and bool(np.isfinite(values).all())
    )


def network(seed: int, num_links: int, batch: tuple[int, ...] = (), decades: int = 3, dtype=torch.float64) -> Any:
    """Return gains (..., M, M), weights (..., M) and shares of full power (..., M), some of them zero."""
    generator = np.random.default_rng(seed)
    shape = (*batch, num_links)
    gain = 10.0 ** generator.uniform(-decades, decades, (*shape, num_links))
    gain *= generator.random(gain.shape) > 0.15
    weight = generator.random(shape) * (generator.random(shape) > 0.15)
    share = generator.random(shape) * (generator.random(shape) > 0.3)
    return tuple(torch.as_tensor(values, dtype=dtype) for values in (gain, weight, share))


NETWORKS = {
    "seed": SEEDS,
    "num_links": st.integers(1, 5),
    "size": st.integers(1, 3),
    "decades": st.sampled_from([0, 1, 5]),
    "noise_power": st.sampled_from([1e-14, 1e-3, 0.1, 1.0, 100.0]),
    "p_max": st.sampled_from([0.01, 1.0, 3.0, 100.0]),
}
