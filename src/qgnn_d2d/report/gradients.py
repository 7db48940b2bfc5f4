"""The block of docs/gradients.md: how the variance of gradients changes, in short."""

from __future__ import annotations

import pandas as pd

from .markdown import table

_VARIED = {"k": "leaves k", "layers": "layers L", "heads": "heads", "noise": "noise"}


def block(gradients: pd.DataFrame) -> str:
    """Lay out what `gradients.table` returns, in short: every option's first and last value, for uniform starts."""
    rows, sentences = [], []
    uniform = gradients[gradients["start"] == "uniform"]
    for (axis, angles), part in uniform.groupby(["axis", "angles"], sort=False):
        first, last = part.iloc[0], part.iloc[-1]
        ratio = last["variance"] / first["variance"]
        rows.append(
            {
                "varied": f"{_VARIED[str(axis)]}: {first[axis]} to {last[axis]}",
                "angles": angles,
                "variance at the first": _variance(first),
                "variance at the last": _variance(last),
                "ratio": f"{ratio:.2g}",
            }
        )
        if axis == "k" and (qubits := last["qubits"] - first["qubits"]):
            sentences.append(
                f"From {first['qubits']} to {last['qubits']} qubits per star, the variance changes by a factor of "
                f"{ratio:.2g} (angles: {angles}), {ratio ** (1 / qubits):.2f} per qubit."
            )
    return "\n\n".join([table(rows), " ".join(sentences)]) + "\n"


def _variance(row: pd.Series) -> str:
    return f"{row['variance']:.1e} [{row['low']:.1e}, {row['high']:.1e}]"
