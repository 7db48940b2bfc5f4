"""A circuit of one's own, by ``module:function``: found, counted, refused in one line; and what identifies it."""

import dataclasses
import itertools
import sys

import pennylane as qml
import pytest

from qgnn_d2d.quantum import ansatz
from qgnn_d2d.quantum.ansatz import ANSATZE, Ansatz, build, of_block
from qgnn_d2d.quantum.engine import transfer
from qgnn_d2d.quantum.engine.transfer import block_gates, identity
from tests.circuits import CIRCUITS

ZZ = """
import pennylane as qml

def zz_block(weights, center, leaf, edge):
    qml.IsingZZ(weights[0], wires=[edge, leaf])
    qml.RX(weights[1], wires=center)
"""
_numbers = itertools.count()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module into the working directory, and return its name; afterwards it is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    names = []

    def write(text, folder=tmp_path):
        names.append(f"own_blocks_{next(_numbers)}")
        (folder / f"{names[-1]}.py").write_text(text, encoding="utf-8")
        return names[-1]

    yield write
    for name in names:
        sys.modules.pop(name, None)


def test_a_block_in_the_working_directory_is_a_circuit(module):
    name = f"{module(ZZ)}:zz_block"
    circuit = build(name)
    assert (circuit.name, circuit.memory, circuit.num_parameters) == (name, ("center",), 2)
    assert circuit.observables == ("X", "Y", "Z")
    assert [(gate.name, gate.qubits, gate.weights) for gate in block_gates(circuit)] == [
        ("IsingZZ", (2, 1), (0,)), ("RX", (0,), (1,)),
    ]  # fmt: skip


def test_a_module_on_pythons_path_comes_first(module, tmp_path, monkeypatch):
    (tmp_path / "lib" / "package").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "lib")
    name = module(ZZ.replace("RX", "RY"), tmp_path / "lib")
    (tmp_path / f"{name}.py").write_text(ZZ, encoding="utf-8")
    assert block_gates(build(f"{name}:zz_block"))[1].name == "RY"
    inner = module(ZZ, tmp_path / "lib" / "package")
    assert build(f"package.{inner}:zz_block").num_parameters == 2


def test_an_ansatz_can_be_named(module):
    text = "from qgnn_d2d.quantum import Ansatz\n" + ZZ + 'mine = Ansatz("z", ("center",), zz_block, 4, ("Z",))\n'
    name = f"{module(text)}:mine"
    assert build(name) == dataclasses.replace(sys.modules[name.partition(":")[0]].mine, name=name)
    assert build(name).num_parameters == 4 and build(name).observables == ("Z",)


def test_helpers_beside_the_module_are_found(module):
    helper = module("import pennylane as qml\n\ndef pair(angle, wires):\n    qml.CRX(angle, wires=wires)\n")
    name = module(
        f"from {helper} import pair\n\ndef block(w, c, n, e):\n    pair(w[0], [n, c])\n    pair(w[1], [e, c])\n"
    )
    assert [gate.name for gate in block_gates(build(f"{name}:block"))] == ["CRX", "CRX"]


REFUSED = {
    "no function": (ZZ, "zz_blok", r"there is no zz_blok in .*\.py$"),
    "a number": ("three = 3", "three", r"is of type int; a block is a function of \(weights, center, leaf, edge\)"),
    "a function of one": ("def f(entangling_layers): pass", "f", r"cannot be called with four arguments \(too many"),
    "a function of five": ("def f(w, c, a, n, e): pass", "f", r"cannot be called with four arguments \(missing a"),
    "no gates": ("def f(w, c, n, e): pass", "f", "has no gates"),
    "slices": (ZZ.replace("weights[1]", "*weights[1:]"), "zz_block", "angles cannot be counted .*TypeError.*weights"),
    "from the end": (ZZ.replace("[1]", "[-1]"), "zz_block", r"angles cannot be counted \(TypeError: weights\[-1\]\)"),
    "a loop": (ZZ.replace("qml.RX(weights[1]", "[x for x in weights]; qml.RX(1"), "zz_block", "cannot be counted"),
    "a mistake inside": (ZZ.replace("center)", "centre)"), "zz_block", "NameError: name 'centre' is not defined"),
    "a broken module": ("import pennylane as qml\nqml.nothing()", "f", r"cannot be imported \(AttributeError: "),
    "no Python": ("def f(:\n", "f", r"cannot be imported \(SyntaxError: "),
    "a program": ("raise SystemExit(2)", "f", r"cannot be imported \(SystemExit: 2\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_block_is_refused_in_one_line(module, case):
    text, function, line = REFUSED[case]
    name = f"{module(text)}:{function}"
    with pytest.raises(ValueError, match=rf"^circuit {name}.*{line}") as refusal:
        build(name)
    assert "\n" not in str(refusal.value)


def test_a_module_that_is_not_there_is_refused_with_where_it_was_looked_for(module, tmp_path):
    with pytest.raises(
        ValueError, match=r"^circuit nowhere_at_all:f: module nowhere_at_all cannot be imported"
    ) as found:
        build("nowhere_at_all:f")
    assert str(tmp_path) in str(found.value) and "PYTHONPATH" in str(found.value)


STAR_BLOCKS = {
    "measures": (lambda w, c, n, e: (qml.RX(w[0], c), qml.expval(qml.Z(c))), r"measures .*observables"),
    "another wire": (lambda w, c, n, e: qml.CNOT([c, "neighbor"]), "CNOT acts on wire 'neighbor'"),
    "no unitary": (lambda w, c, n, e: qml.DepolarizingChannel(0.1, c), "DepolarizingChannel"),
    "arguments in another order": (lambda c, n, e, w: qml.RX(w[0], c), "RX"),
}  # fmt: skip


@pytest.mark.parametrize("case", STAR_BLOCKS)
def test_a_block_that_is_no_star_block_is_refused_when_it_is_recorded(case):
    block, line = STAR_BLOCKS[case]
    with pytest.raises(ValueError, match=line) as refusal:
        identity(of_block(block, "mine"))
    assert "\n" not in str(refusal.value)


def test_a_circuits_name_and_hash_stay():
    """They stand in the committed weights: a change means that those were trained with another circuit."""
    assert {name: identity(build(name)) for name in ANSATZE} == {
        "qgcl": "qgcl 2db54e2a0fb767ad",
        "qgcl_commuting": "qgcl_commuting 79db2e57408c8b59",
        "qgcl_ancilla": "qgcl_ancilla 4160eb01f6b03868",
    }


def test_every_circuit_has_its_own_identity():
    found = [identity(dataclasses.replace(circuit, name="one")) for circuit in CIRCUITS.values()]
    assert len(set(found)) == len(found)


def _block(w, c, n, e):
    qml.CRX(w[0], [n, c])
    qml.RZ(0.3, c)
    qml.adjoint(qml.S(e))


def _the_same(angles, center, leaf, edge):
    """With other names and words."""
    first = angles[0]
    qml.CRX(first, wires=[leaf, center])
    qml.RZ(0.1 + 0.2, wires=center)
    qml.adjoint(qml.S)(wires=edge)


BASE = Ansatz("a", ("center",), _block, 1, ("X",))
CHANGES = {
    "another gate": lambda w, c, n, e: (qml.CRY(w[0], [n, c]), qml.RZ(0.3, c), qml.adjoint(qml.S(e))),
    "other qubits": lambda w, c, n, e: (qml.CRX(w[0], [e, c]), qml.RZ(0.3, c), qml.adjoint(qml.S(e))),
    "another constant": lambda w, c, n, e: (qml.CRX(w[0], [n, c]), qml.RZ(0.3001, c), qml.adjoint(qml.S(e))),
    "no adjoint": lambda w, c, n, e: (qml.CRX(w[0], [n, c]), qml.RZ(0.3, c), qml.S(e)),
    "another order": lambda w, c, n, e: (qml.RZ(0.3, c), qml.CRX(w[0], [n, c]), qml.adjoint(qml.S(e))),
    "one gate less": lambda w, c, n, e: (qml.CRX(w[0], [n, c]), qml.RZ(0.3, c)),
}  # fmt: skip


def test_the_text_of_a_block_does_not_count():
    assert identity(dataclasses.replace(BASE, block=_the_same)) == identity(BASE)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_block_has_another_identity(change):
    assert identity(dataclasses.replace(BASE, block=CHANGES[change])) != identity(BASE)


@pytest.mark.parametrize("changes", [{"observables": ("Y",)}, {"num_parameters": 2}, {"name": "b"}])
def test_what_else_a_circuit_has_counts(changes):
    assert identity(dataclasses.replace(BASE, **changes)) != identity(BASE)


def test_the_encoding_counts(monkeypatch):
    before = identity(BASE)
    monkeypatch.setattr(transfer, "encode", lambda angles, wire: ansatz.encode(angles[..., ::-1], wire))
    assert identity(BASE) != before
