"""Other draws of the training realizations: final values, variance and verdicts by draw."""

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d.analysis.variance import SOURCES, WITHIN
from qgnn_d2d.claims import judge, page, pairs, redraws
from qgnn_d2d.report import pages
from tests.unit.claims.made_up import pair
from tests.unit.claims.test_judge import final_of, study, write_trained

QGNN, GCN = "rayleigh-stated-qgnn", "rayleigh-stated-gcn"
PAIR = "stated, QGNN and GCN, tuned"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    made, folder = study(), tmp_path_factory.mktemp("redraws")
    found = {name: [str(folder / path) for path in paths] for name, paths in redraws.inputs(made).items()}
    write_trained(made, found)
    return made, found


@pytest.fixture(scope="module")
def table(files):
    return redraws.table(*files)


def of_kind(table, kind, name):
    return table[(table["kind"] == kind) & (table["name"] == name)]


def pair_of(made):
    """The primary pair without the small GCN, which has no redraws."""
    return made.config.claims[0].model_copy(update={"gcn_small": None})


def mean_of(run, draw):
    """The made-up mean of a run's two seeds."""
    return final_of(run if draw == 0 else f"{run}-d{draw}") + 0.0005


def test_every_draw_of_a_model_has_its_percentage_of_wmmse(table):
    for run in (QGNN, GCN):
        rows = of_kind(table, "model", run)
        assert rows["draw"].tolist() == [0, 1, 2] and set(rows["num_seeds"]) == {2}
        assert rows["mean"].tolist() == pytest.approx([100 * mean_of(run, draw) / 3 for draw in range(3)])
        assert (rows["low"] < rows["mean"]).all() and (rows["mean"] < rows["high"]).all()


def test_the_components_are_those_of_the_percentages(table):
    rows = of_kind(table, "variance", QGNN).set_index("part")
    assert list(rows.index) == [*SOURCES, WITHIN]
    means, of_seeds = [100 * mean_of(QGNN, draw) / 3 for draw in range(3)], (100 * 0.001 / 3) ** 2 / 2
    assert rows.loc["seed", "mean"] == pytest.approx(of_seeds) == rows.loc[WITHIN, "mean"]
    assert rows.loc["draw", "mean"] == pytest.approx(np.var(means, ddof=1))
    assert rows.loc["realization", "mean"] == pytest.approx(0, abs=1e-9)


def test_claims_are_judged_on_every_draw_by_the_claims_own_functions(table, files):
    claims = table[table["kind"] == "claim"]
    assert set(claims["part"]) == {PAIR}  # the only pair of which both runs have redraws
    assert list(dict.fromkeys(claims["name"])) == ["C1", "C2", "C3", "C4", "C6", "C7"]
    gains = [100 * (mean_of(QGNN, draw) / mean_of(GCN, draw) - 1) for draw in range(3)]
    assert of_kind(table, "claim", "C2")["mean"].tolist() == pytest.approx(gains)
    made, paths = files
    (own,) = pairs.of_files(made, [pair_of(made)], paths)
    judged = {claim["id"]: claim for claim in judge.judge([own])["claims"]}
    first = claims[claims["draw"] == 0].set_index("name")
    assert first.loc["C3", "verdict"] == judged["C3"]["measurements"][0]["verdict"]
    assert first.loc["C3", "low"] == judged["C3"]["measurements"][0]["low"]


def test_a_runs_first_seeds_count_where_other_draws_have_fewer(files):
    made, paths = files
    (own,) = pairs.of_files(made, [pair_of(made)], paths, 1)
    assert own.qgnn.final.tolist() == pytest.approx([final_of(QGNN)])
    assert own.qgnn.evaluation.shape == (1, 3) and own.gcn.curves.train.shape[0] == 1


def verdicts(*reached, part="stated, made up", name="C3"):
    rows = [
        {"kind": "claim", "name": name, "part": part, "draw": draw, "num_seeds": 3, "mean": float(draw), "verdict": one}
        for draw, one in enumerate(reached)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("reached", "words"),
    [
        (["undecided"] * 3, "the verdict is the same for 3 of 3 draws (undecided for 3); the value is 0.00 to 2.00."),
        (
            ["undecided", "reproduced", "undecided"],
            "the verdict changes with the draw (undecided for 2, reproduced for 1; no two draws give opposite "
            "verdicts); the value is 0.00 to 2.00.",
        ),
        (
            ["not reproduced", "reproduced"],
            "the verdict changes with the draw (not reproduced for 1, reproduced for 1; some draws give opposite "
            "verdicts); the value is 0.00 to 1.00.",
        ),
    ],
)
def test_a_claim_says_whether_its_verdict_depends_on_the_draw(reached, words):
    judged = judge.judge([pair(primary=False, qgnn=2.0), pair()])
    others = [verdicts("reproduced", part="stated, other"), verdicts("reproduced", name="C99")]
    told = redraws.with_sentences(judged, pd.concat([verdicts(*reached), *others]))
    found = {claim["id"]: claim.get("redraws") for claim in told["claims"]}
    assert found["C3"] == f"With the training realizations drawn {len(reached)} times and 3 seeds each, {words}"
    assert not any(sentence for name, sentence in found.items() if name != "C3")
    assert found["C3"] in page.page(told) and "realizations drawn" not in page.page(judged)


def test_the_page_has_draws_variance_and_verdicts(table, tmp_path):
    table.to_csv(tmp_path / "x.csv", index=False)
    text = pages.redraws_page(table)
    assert text == pages.redraws_page(pd.read_csv(tmp_path / "x.csv"))
    assert f"| {QGNN} | {100 * mean_of(QGNN, 0) / 3:.1f} [" in text
    assert text.count("| C3 |") == 1 and "| draw 0 | draw 1 | draw 2 |" in text


def test_the_short_table_gives_deviations_in_points():
    sizes = {"num_seeds": 3, "num_realizations": 400}
    rows = [{"kind": "model", "name": "a", "draw": i, "mean": 80.0 + i, **sizes} for i in range(2)]
    rows += [
        {"kind": "variance", "name": "a", "part": part, "mean": mean, "low": 0.0, "high": 4 * mean, **sizes}
        for part, mean in (("draw", 4.0), (WITHIN, 1.0), ("realization", 100.0))
    ]
    text = pages.redraws_table(pd.DataFrame(rows))
    assert "| a | 80.0 to 81.0 | 2.00 [0.00, 4.00] | 1.00 [0.00, 2.00] | 0.50 [0.00, 1.00] |" in text
    assert "evaluation set of 400" in text
