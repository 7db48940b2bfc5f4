"""The QGNN and the networks on its own leaves, in words and numbers."""

import pandas as pd

from qgnn_d2d.report import equal_information

MODELS = {"qgnn_informed": (683, 2.2), "gcn_informed": (1233, 2.0), "mlp_informed": (707, 2.1)}
RULES = {"random": "per_layer", "random one": "one_set", "strongest": "per_layer"}


def tables():
    results = pd.DataFrame(
        [
            {"method": f"{model}-{rule}", "kind": "model", "protocol": "stated", "split": "evaluation",
             "metric": "sum_rate", "model": model, "k": 3, "stars": rule.split()[0], "leaves": leaves,
             "parameters": parameters, "mean": mean, "percent_of_wmmse": 50 * mean}
            for rule, leaves in RULES.items() for model, (parameters, mean) in MODELS.items()
        ]
    )  # fmt: skip
    p_values = {("random", "gcn"): 0.001, ("random", "mlp"): 0.2, ("strongest", "mlp"): 0.005}  # of six comparisons
    compared = pd.DataFrame(
        [
            (f"qgnn_informed-{rule}", f"{other}_informed-{rule}", sign * 0.2, sign * 0.2 - 0.1, sign * 0.2 + 0.1,
             p_values.get((rule, other), 1.0))
            for rule, sign in zip(RULES, (1, 1, -1), strict=True) for other in ("gcn", "mlp")
        ],
        columns=["method", "reference", "difference", "low", "high", "p_value"],
    )  # fmt: skip
    return compared, results


def test_networks_are_compared_within_a_rule_and_a_way_to_draw():
    rows = equal_information.rows(*tables())
    assert [(row["leaves"], row["model"]) for row in rows] == [
        (leaves, model) for leaves in ("random", "random, one set for all layers", "strongest") for model in MODELS
    ]
    assert [row["against"] is None for row in rows] == [True, False, False] * 3
    assert rows[1]["against"] == (10.0, 5.0, 15.000000000000002) and rows[1]["p_holm"] == 6 * 0.001


def test_only_differences_that_the_seeds_show_are_named():
    text = equal_information.block(equal_information.rows(*tables()))
    assert "| random | GCN on stars | 1,233 | 100.0 | +10.0 % [+5.0, +15.0], Holm p 0.006 |" in text
    assert "- random: the QGNN is above GCN on stars.\n" in text
    assert "- random, one set for all layers: none.\n" in text
    assert "- strongest: the QGNN is below MLP on stars.\n" in text


def test_the_sentence_is_about_the_best_of_the_others():
    sentence = equal_information.bullet(equal_information.rows(*tables()), "strongest")
    assert sentence == (
        "Same strongest neighbors, each tuned: larger QGNN 110.0 % of WMMSE, best other 105.0 % (MLP on stars), "
        "Holm p 0.025."
    )
