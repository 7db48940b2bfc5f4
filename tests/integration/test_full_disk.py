"""Figures on a disk that is full: named, and nothing half-written is left."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from qgnn_d2d.figures.style import save
from tests.runs import disk


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_figures_are_whole_or_not_there(tmp_path, suffix):
    figure = Figure()
    figure.subplots().plot(np.random.default_rng(1).random((200, 200)))  # does not compress
    with disk(tmp_path, "16k") as mounted:
        if mounted is None:
            pytest.skip("this machine permits no mounts in a namespace (unshare --mount)")
        path = mounted.path / f"large.{suffix}"
        with pytest.raises(OSError, match=rf"large\.{suffix}: not written \(No space left on device\)"):
            save(figure, path)
        assert not list(mounted.path.iterdir())
        mounted.remount("size=10m")
        save(figure, path)
        assert [found.name for found in mounted.path.iterdir()] == [path.name]
