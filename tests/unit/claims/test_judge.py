"""All claims, judged on made-up evidence and on the files of a made-up study."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from qgnn_d2d import claims, settings
from qgnn_d2d.analysis import values
from qgnn_d2d.claims import judge
from qgnn_d2d.claims.claim import (
    NOT_REPRODUCED,
    NOT_TESTABLE,
    ONLY_RELEASED,
    REPRODUCED,
    UNDECIDED,
    VERDICTS,
    Measurement,
    overall,
    verdict,
)
from qgnn_d2d.claims.device_noise import Noisy
from qgnn_d2d.claims.pairs import STARTS, Pair
from qgnn_d2d.claims.scaling import Scaling
from qgnn_d2d.claims.training_size import Sizes
from qgnn_d2d.io import write_json
from qgnn_d2d.objective import QUANTITIES
from qgnn_d2d.report.markdown import number
from qgnn_d2d.solvers import METHODS
from tests.unit.claims.made_up import examples, noisy, pair, scaling, sizes
from tests.unit.settings.configs import WHOLE

SPLITS = {"train": 24, "validation": 4, "test": 4, "evaluation": 4, "pool": 48}
IDS = [f"C{i}" for i in range(1, 1 + len(judge.CLAIMS))]


def judged(*items):
    return {claim["id"]: claim for claim in judge.judge(items)["claims"]}


def verdicts(*items):
    return {name: claim["verdict"] for name, claim in judged(*items).items() if claim["measurements"]}


def study(**experiments):
    """Return the smoke study with two devices, a noise level that leaves no circuit, and three training sizes.

    ``experiments`` replace others; None leaves one out.
    """
    changes = {
        "device_noise": [{"model": "qgnn", "noise": ["lagos", "sherbrooke", "p1e-2", "p1"]}],
        "training_size": [{"model": ["qgnn", "gcn"], "train_size": [48, 12, 24]}],
        **experiments,
    }
    noise = WHOLE["noise"] | {"devices": ["lagos", "sherbrooke"], "levels": ["p1e-2", "p1"]}
    kept = {key: value for key, value in (WHOLE["experiments"] | changes).items() if value}
    scale = WHOLE["scale"]
    return settings.load({**WHOLE, "experiments": kept, "noise": noise, "scale": scale, "splits": SPLITS})


def test_all_claims_are_found_in_their_order():
    assert [claim.id for claim in judge.CLAIMS] == IDS and len(IDS) >= 10  # the paper makes ten
    assert all(claim.allowed[0] < claim.allowed[1] for claim in judge.CLAIMS)


def test_a_claims_verdict_is_that_of_its_primary_evidence():
    good, bad = {"qgnn": 2.67}, {"qgnn": 2.3}
    assert verdicts(pair(**bad), pair(**good, primary=False))["C1"] == NOT_REPRODUCED
    assert verdicts(pair(**bad), pair(**good, protocol="released"))["C1"] == ONLY_RELEASED
    assert verdicts(pair(**good), pair(**bad, protocol="released"))["C1"] == REPRODUCED
    assert verdicts(pair(**bad), pair(**good, protocol="released", primary=False))["C1"] == NOT_REPRODUCED


def test_primary_evidence_of_another_scenario_is_judged_in_a_column_of_its_own():
    good, elsewhere = {"qgnn": 2.67}, replace(pair(qgnn=2.3), primary=False, column="elsewhere")
    found = judged(pair(**good), elsewhere)["C1"]
    assert found["verdict"] == REPRODUCED and found["columns"] == {"elsewhere": NOT_REPRODUCED}
    released = replace(pair(protocol="released"), primary=False, column="elsewhere")
    assert judged(pair(**good), elsewhere, released)["C1"]["columns"] == {"elsewhere": ONLY_RELEASED}
    assert judged(pair(**good))["C1"]["columns"] == {}


def reaching(claim, wanted, facts, note):
    """Return measurements by protocol whose verdict is the wanted one."""
    low, high = (np.clip(end, -1e3, 1e3) for end in claim.allowed)
    middle, width = (low + high) / 2, high - low
    outside = high + 2 * width if math.isfinite(claim.allowed[1]) else low - 2 * width
    inside, across = (
        Measurement(middle, middle, middle, note, facts),
        Measurement(middle, low - 1e4, high + 1e4, note, facts),
    )
    missed = Measurement(outside, outside, outside, note, facts)
    return {
        REPRODUCED: {"stated": inside},
        UNDECIDED: {"stated": across},
        NOT_REPRODUCED: {"stated": missed, "released": across},
        ONLY_RELEASED: {"stated": missed, "released": inside},
        NOT_TESTABLE: {"stated": Measurement(math.nan, -math.inf, math.inf, note, facts)},
    }[wanted]


@pytest.mark.parametrize("wanted", VERDICTS)
@pytest.mark.parametrize("claim", judge.CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_can_reach_every_verdict_and_has_a_sentence_for_it(claim, wanted):
    example = claim.measure(next(made for made in examples() if type(made) is claim.evidence))
    primary = reaching(claim, wanted, example.facts, example.note or "nothing to measure")
    reached = overall({protocol: verdict(claim, measured) for protocol, measured in primary.items()})
    assert reached == wanted
    why = judge.why(claim, reached, primary)
    assert not why[0].islower() and why.endswith(".") and not re.search(r"[{}]|\bnan\b|\bnone\b|\bnever\b", why)


@pytest.mark.parametrize("claim", judge.CLAIMS, ids=lambda claim: claim.id)
def test_a_claims_sentence_tells_facts_and_no_verdict(claim):
    """The sentence is the same for every verdict, so it must not say which one was reached, nor suggest it."""
    words = ("reproduce", "undecided", "because", "only", "little", "about equal", "not carry", "suffice", "confirm")
    assert not [word for word in words if word in claim.why.lower()]
    assert "{" in claim.why


@pytest.mark.parametrize(
    "items",
    [
        [pair(), sizes(), scaling(), noisy()],
        [pair(qgnn=2.0, wmmse=3.4), sizes(2.5), scaling(far=60.0), noisy(90.0)],
        [pair(qgnn=2.0, protocol="released"), pair(qgnn=2.6, spread=1.0)],
        [],
    ],
    ids=["as the paper", "otherwise", "scattered", "none"],
)
def test_every_claim_has_a_verdict_and_a_reason(items):
    found = judged(*items)
    assert list(found) == IDS
    for claim in found.values():
        assert claim["verdict"] in VERDICTS
        assert claim["why"].endswith(".") and "{" not in claim["why"]
    if not items:
        assert found["C1"]["verdict"] == NOT_TESTABLE


def test_the_result_survives_json():
    result = judge.judge([pair(qgnn=2.0), sizes(), scaling(), noisy()])
    assert json.loads(json.dumps(result, allow_nan=False)) == result


# ---------------------------------------------------------------------------------------------------------------------
# From files


def final_of(run):
    """A made-up final value of a run: every run has its own."""
    return 2.0 + (0.01 * sum(map(ord, run)) + 0.001 * len(run)) % 1


def parameters_of(run):
    return len(run)


def write_files(made, folder):
    """Write everything that a study's evidence is read from; return what Snakemake hands to the script."""
    files = {name: [str(folder / path) for path in paths] for name, paths in claims.inputs(made).items()}
    write_trained(made, files)
    for path in map(Path, files["scaled"]):
        links = int(path.stem)
        runs = made.config.scale[path.parent.name].evaluated(links)
        copies = [
            (run, seed, 3 - links / 100 + ("-M" in run)) for run in runs for seed in range(made.runs[run].num_seeds)
        ]
        names, seeds, rates = (list(column) for column in zip(*copies, strict=True))
        rates = np.array(rates)[:, np.newaxis] + np.zeros(3)
        coordinates = {"run": ("copy", names), "seed": ("copy", seeds)}
        scored = xr.Dataset({"sum_rate": (("copy", "realization"), rates, {"units": "bps/Hz"})}, coords=coordinates)
        values.save(scored.assign({values.HUNDRED: ("realization", np.full(3, 4.0))}), path)
    noise = [
        (training, name, mitigation, kept + i, kept + i - 1, kept + i + 1)
        for training, kept in (("aware", 97.0), ("unaware", 90.0))
        for mitigation, shift in (("raw", 0.0), ("readout", 1.0))
        for i, name in enumerate([*made.config.noise.devices, *made.config.noise.levels])
        if shift == 0 or training == "unaware"
    ]
    columns = ["percent_of_ideal", "percent_of_ideal_low", "percent_of_ideal_high"]
    pd.DataFrame(noise, columns=["training", "noise", "mitigation", *columns]).to_csv(files["noise"][0], index=False)
    return files


def write_trained(made, files):
    """Write what pairs of runs are judged on: trainings, and WMMSE on the same realizations."""
    for path in (path for paths in files.values() for path in paths):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    for curves, manifest in zip(files["curves"], files["manifests"], strict=True):
        run = Path(curves).parent.name
        rows = [
            (run, seed, epoch, split, "own", final_of(run) * (epoch + 1) / 4 + 0.001 * seed)
            for seed in (1, 0)
            for epoch in (3, 0, 1, 2)
            for split in ("train", "test")
        ]
        pd.DataFrame(rows, columns=["run", "seed", "epoch", "split", "metric", "value"]).to_csv(curves, index=False)
        total = {"total": parameters_of(run)}
        write_json(Path(manifest), {"settings": made.runs[run].as_dict(), "num_parameters": total})
    for path in {*files["evaluated"], *files.get("sizes", [])}:
        run, seeds = Path(path).parent.name, np.array([1, 0])
        rates = final_of(run) + 0.001 * seeds[:, np.newaxis] + np.zeros(3)
        scored = {"sum_rate": rates, "released_metric": rates + 1}
        coordinates = {"run": ("copy", [run, run]), "seed": ("copy", seeds)}
        about = {name: (("copy", "realization"), array, {"units": "bps/Hz"}) for name, array in scored.items()}
        values.save(xr.Dataset(about, coords=coordinates), path)
    heights = {"wmmse": 0.0, "wmmse_better_start": 0.2, **dict.fromkeys(STARTS, 0.1), "optimum": 0.3}
    lines = [
        (solver, name, split, 3 + i + height + more)
        for solver, height in heights.items()
        for i, name in enumerate(QUANTITIES)
        for split, more in (("train", 0.2), ("test", 0.1), ("evaluation", 0.0))
    ]
    solved = xr.Dataset(coords={"solver": list(heights)[:-1]})
    for i, quantity in enumerate(QUANTITIES.values()):
        rates = np.outer(3.0 + i + np.array(list(heights.values())[:-1]), np.ones(3))
        solved[quantity.name] = (("solver", "realization"), rates, {"units": quantity.unit})
    table = pd.DataFrame(lines, columns=["solver", "metric", "split", "mean"])
    for more, (path, summary) in enumerate(
        zip(files["solved"], files["baselines"], strict=True)
    ):  # 1 in the second one
        values.save(solved.map(lambda found: found + more, keep_attrs=True), path)  # noqa: B023
        table.assign(mean=table["mean"] + more).to_csv(summary, index=False)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    made = study()
    return made, judge.evidence(made, write_files(made, tmp_path_factory.mktemp("study")))


def test_pairs_are_those_of_the_config(found):
    made, evidence = found
    pairs = [item for item in evidence if isinstance(item, Pair)]
    home = [made.runs[one.qgnn].scenario == "rayleigh" for one in made.config.claims]
    assert [(item.models, item.runs, item.primary) for item in pairs] == [
        (one.models, one.runs, one.primary and at_home) for one, at_home in zip(made.config.claims, home, strict=True)
    ]
    assert [item.column for item in pairs if item.column] == ["geometric"] and not all(home)
    for item in pairs:
        assert item.protocol == made.runs[item.runs[0]].protocol
        assert (item.gcn_small is None) == (len(item.runs) == 2)
        models = [item.qgnn, item.gcn, item.gcn_small][: len(item.runs)]
        assert [model.parameters for model in models] == [parameters_of(run) for run in item.runs]
        assert [model.final[0] for model in models] == pytest.approx([final_of(run) for run in item.runs])
        final = final_of(item.runs[0])
        assert item.qgnn.final.tolist() == pytest.approx([final, final + 0.001])  # sorted by seed
        own = final + (1 if item.protocol == "released" else 0)  # in the quantity that the run was trained in
        np.testing.assert_allclose(item.qgnn.evaluation, np.array([[own], [own + 0.001]]) + np.zeros(3))
        assert item.qgnn.steps == math.ceil(24 / made.runs[item.runs[0]].training.batch_size)


def test_lines_are_those_of_the_protocol(found):
    """Stated: eq. (2). Released: WMMSE in the public code's nats, the optimum in the models' metric."""
    _, evidence = found
    at = {name: 3 + i for i, name in enumerate(QUANTITIES)}
    for item in evidence:
        if isinstance(item, Pair) and not item.column:
            own, line = ("sum_rate",) * 2 if item.protocol == "stated" else ("released_metric", "released_wmmse_rate")
            assert item.wmmse == pytest.approx(at[line] + 0.1)
            assert item.wmmse_values.tolist() == [[at[line]] * 3]
            assert item.optimum == {"train": pytest.approx(at[own] + 0.5), "test": pytest.approx(at[own] + 0.4)}
            above = number(100 * 0.3 / at[own])
            assert item.headroom == f"on this set the certified optimum is {above} % above WMMSE"


def test_lines_elsewhere_are_those_of_the_scenario_and_of_the_method_that_the_config_names(found):
    (item,) = (item for item in found[1] if isinstance(item, Pair) and item.column)
    assert (item.wmmse, item.wmmse_values.tolist()) == (pytest.approx(3 + 1 + 0.2 + 0.1), [[3 + 1 + 0.2] * 3])
    assert item.optimum["test"] == pytest.approx(3 + 1 + 0.3 + 0.1) and item.line == METHODS["wmmse_better_start"].label
    assert {label: height for label, (height, _) in item.starts.items()} == {
        METHODS[name].label: pytest.approx(4.2) for name in STARTS
    }


def test_sizes_networks_and_noise_are_those_of_the_study(found):
    _, evidence = found
    of_kind = {kind: [item for item in evidence if isinstance(item, kind)] for kind in (Sizes, Scaling, Noisy)}
    assert [(item.models, item.primary) for item in of_kind[Sizes]] == [
        ("qgnn, 24 against more realizations", True),
        ("gcn, 24 against more realizations", False),
    ]
    assert all(list(item.rates) == [12, 24, 48] and item.claimed == 24 for item in of_kind[Sizes])
    assert all(item.wmmse == 3 for item in of_kind[Sizes])
    qgnn, gcn, dense = "rayleigh-stated-qgnn", "rayleigh-stated-gcn", ", at constant density, without retraining"
    assert [(item.models, item.runs, item.primary, item.k, item.circuits) for item in of_kind[Scaling]] == [
        (f"{qgnn}, without retraining", (qgnn,), True, 3, 2),
        (f"{gcn}, without retraining", (gcn,), False, None, 0),
        (f"{qgnn}, trained at each number of links, 1 seeds", (qgnn, f"{qgnn}-M20"), False, 3, 2),
        (f"geometric-stated-qgnn{dense}", ("geometric-stated-qgnn",), False, 3, 2),
        (f"geometric-stated-gcn{dense}", ("geometric-stated-gcn",), False, None, 0),
    ]
    plain, again = of_kind[Scaling][0], of_kind[Scaling][2]
    assert {links: rates.tolist() for links, rates in plain.rates.items()} == {
        links: [[3 - links / 100] * 3] * 2 for links in (5, 10, 20)
    }
    assert {links: rates.tolist() for links, rates in again.rates.items()} == {10: [[2.9] * 3], 20: [[3.8] * 3]}
    assert all(wmmse.tolist() == [4] * 3 for wmmse in plain.wmmse.values())
    aware, unaware = of_kind[Noisy]
    assert aware.primary and not unaware.primary
    names = ["lagos", "sherbrooke"]
    assert aware.runs == ("rayleigh-stated-qgnn", *(f"rayleigh-stated-qgnn-{name}" for name in names))
    assert aware.kept == {"lagos": (97, 96, 98), "sherbrooke": (98, 97, 99)}
    assert unaware.kept["lagos"] == (90, 89, 91)  # raw values
    assert (aware.without_circuit, unaware.without_circuit) == (100, 93)  # the last of four noise models


def test_a_claim_is_judged_from_the_files_of_its_own_module(tmp_path):
    made = study()
    files = write_files(made, tmp_path)
    for claim in judge.CLAIMS:
        named = claims.inputs(made, claim.id)
        own = judge.evidence(made, {name: files[name] for name in named})
        (alone,) = judge.judge(own, [claim])["claims"]
        assert alone["measurements"] and alone == judged(*judge.evidence(made, files))[claim.id]
    runs = {Path(path).parent.name for path in claims.inputs(made, "C2")["curves"]}
    assert runs == {run for pair in made.config.claims for run in pair.runs}
