"""How functions are compiled: with a cache where one can be kept, and without one elsewhere."""

import numpy as np

from qgnn_d2d import compiled as module
from qgnn_d2d.compiled import DIGEST, SOURCES, compiled
from tests.runs import ROOT


def test_every_module_with_compiled_functions_counts_for_the_caches_name():
    users = {path for path in (ROOT / "src").rglob("*.py") if "@compiled\n" in path.read_text(encoding="utf-8")}
    assert users <= {ROOT / "src" / path.relative_to(module._HERE.parent) for path in SOURCES}
    assert len(DIGEST) == 16


def test_a_number_that_is_not_finite_stays_so():
    @compiled
    def total(values):
        found = 0.0
        for value in values:
            found += value
        return found

    assert np.isnan(total(np.array([1.0, np.nan]))) and np.isinf(total(np.array([1.0, np.inf])))


def test_without_a_place_for_a_cache_functions_are_compiled_all_the_same(monkeypatch):
    njit = module.numba.njit

    def nowhere(function, **options):
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return njit(function, **options)

    monkeypatch.setattr(module.numba, "njit", nowhere)
    assert compiled(lambda x: x + 1)(1) == 2
