"""The benchmarks compare what they time: one step of every simulator, and the bounds of both solvers."""

import math

import pytest
import torch

from benchmarks import engine, optimum
from benchmarks.peers import (
    NOISY_PEERS,
    PEERS,
    NotInstalledError,
    Peer,
    pennylane_torch,
    star_gates,
    versions,
)
from qgnn_d2d.quantum.ansatz import qgcl, qgcl_commuting
from qgnn_d2d.quantum.hardware.devices import device_line

LAGOS = "FakeLagosV2"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 1e-9)


def build(peer, arguments):
    return peer.build(qgcl(), 2, arguments)


@pytest.mark.parametrize("peer", [*PEERS, *NOISY_PEERS], ids=lambda peer: peer.name)
def test_every_installed_peer_agrees_with_the_engine(peer):
    try:
        versions(peer.packages)
    except NotInstalledError as error:
        pytest.skip(f"{error} is not installed (make peers)")
    if peer in PEERS:
        rows = engine.compared_rows("stars", engine.Stars(2, 2, 3), [peer], build)
    else:
        some, line = engine.Stars(1, 1, 2, LAGOS, torch.float64), device_line(LAGOS)
        rows = engine.compared_rows("stars", some, [peer], lambda peer, parts: peer.build(qgcl(), line, 1, parts))
    assert [row["simulator"] for row in rows] == [engine.KERNEL, engine.ENGINE, peer.name]
    assert rows[0]["ratio"] == 1 and all(row["milliseconds"] > 0 for row in rows)


def test_a_peer_that_is_not_installed_is_named(capsys):
    rows = engine.compared_rows(
        "stars", engine.Stars(2, 1, 3), [Peer("other", ("no-such-package",), pennylane_torch)], build
    )
    assert math.isnan(rows[-1]["milliseconds"])
    assert rows[-1]["version"] == "skipped: no-such-package is not installed (make peers)"
    assert rows[-1]["version"] in capsys.readouterr().out


@pytest.mark.parametrize("wrong", ["values", "gradients"])
def test_a_peer_that_disagrees_is_refused(wrong):
    def step(*arguments):
        values, gradients = pennylane_torch(*arguments)()
        if wrong == "values":
            return lambda: (values + 1e-3, gradients)
        return lambda: (values, [*gradients[:-1], gradients[-1] + 1e-3])

    with pytest.raises(ValueError, match="other and the star engine disagree"):
        engine.compared_rows("stars", engine.Stars(2, 1, 3), [Peer("other", ("torch",), step)], build)


def test_a_part_of_the_stars_is_scaled_up(monkeypatch):
    monkeypatch.setattr(engine, "timed_in_turns", lambda functions: dict.fromkeys(functions, 1.0))
    peer = Peer("other", ("torch",), pennylane_torch, stars=2)
    rows = engine.compared_rows("stars", engine.Stars(2, 2, 3), [peer], build)
    assert [row["milliseconds"] for row in rows] == [1, 1, 3]


def test_noise_that_is_left_out_is_noticed():
    some, line = engine.Stars(1, 1, 2, None, torch.float64), device_line(LAGOS)
    with pytest.raises(ValueError, match=r"default\.mixed .* disagree"):
        engine.compared_rows("stars", some, NOISY_PEERS[:1], lambda peer, parts: peer.build(qgcl(), line, 1, parts))


def test_a_block_of_other_gates_is_refused():
    with pytest.raises(ValueError, match="gate IsingZZ is unknown to the peers"):
        list(star_gates(qgcl_commuting(), 1))


def test_the_optimum_is_timed_and_certified(monkeypatch, capsys):
    monkeypatch.setattr(optimum, "versions", lambda packages: versions(["no-such-package"]))
    table = optimum.rows({3: 2, 4: 3})
    assert "SCIP is skipped: no-such-package is not installed (make peers)" in capsys.readouterr().out
    assert [(row["links"], row["solver"], row["certified"]) for row in table] == [
        (3, optimum.OURS, "2 of 2"),
        (4, optimum.OURS, "3 of 3"),
    ]


def test_scip_is_left_out_of_larger_networks_once_it_certifies_none(monkeypatch):
    pytest.importorskip("pyscipopt")
    monkeypatch.setattr(optimum, "SCIP_SECONDS", 1e-3)
    table = optimum.rows({6: 1, 7: 1})
    assert [(row["links"], row["solver"]) for row in table] == [(6, optimum.OURS), (6, optimum.SCIP), (7, optimum.OURS)]


def test_bounds_that_contradict_each_other_are_refused():
    low, high = optimum.Solved(1.0, 1.0001, True, 1, 0.1), optimum.Solved(1.1, 1.2, True, 1, 0.1)
    optimum.require_agreement(low, low)
    for pair in ((low, high), (high, low)):
        with pytest.raises(ValueError, match="above the upper bound"):
            optimum.require_agreement(*pair)
