"""The readings: levels on public draws, the noise fitted to a level, which readings fit."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from qgnn_d2d import channels, settings
from qgnn_d2d.channels import Channels
from qgnn_d2d.claims import readings
from qgnn_d2d.report import pages
from qgnn_d2d.settings.scenario import PublicDraws
from qgnn_d2d.solvers.heuristics import on_off_search
from qgnn_d2d.solvers.wmmse import wmmse

ROOT = Path(__file__).resolve().parents[3]
STUDY = settings.read(ROOT / "config" / "smoke.yaml")
FINALS = {("stated", "qgnn"): 2.9, ("stated", "gcn"): 3.6, ("released", "qgnn"): 2.6, ("released", "gcn"): 3.9}


def public(size, **options):
    return channels.to_channels(channels.realizations(PublicDraws(draw_seed=1712, **options), size, 0))


@pytest.fixture(scope="module")
def table():
    return readings.readings(STUDY, public(12), FINALS)


def test_levels_of_one_link_pair_are_those_by_hand():
    gain = torch.tensor([[[4.0, 9.0], [9.0, 1.0]]], dtype=torch.float64)
    weight = torch.tensor([[0.5, 0.5]], dtype=torch.float64)
    found = readings.levels(Channels(gain, weight, 0.1, 1.0))
    assert found.wmmse == pytest.approx(0.5 * math.log2(41))  # only the first link is on
    assert found.optimum == pytest.approx(0.5 * math.log2(41), rel=2e-6)
    assert found.public_wmmse == pytest.approx(0.5 * math.log(41))
    assert found.released_optimum == pytest.approx(math.log2(1 + 0.5 * 4 / 0.1), rel=2e-6)


def test_levels_leave_out_what_means_nothing_at_another_largest_amplitude():
    drawn = public(2, num_links=3)
    assert math.isnan(readings.levels(Channels(drawn.gain, drawn.weight, 0.1, 2.0)).public_wmmse)


@pytest.mark.parametrize("nats", [False, True])
def test_fitted_noise_brings_wmmse_to_the_level(nats):
    drawn = public(8, num_links=4)
    noise = readings.fitted_noise(drawn, 2.0, nats)
    powers = wmmse(drawn.gain, drawn.weight, noise, 1.0)
    rate = channels_rate(drawn, powers, noise) * (math.log(2) if nats else 1)
    assert rate == pytest.approx(2.0, abs=1e-3)


def channels_rate(drawn, powers, noise):
    """Eq. (2), bits, written out in NumPy."""
    gain, power, weight = (values.numpy() for values in (drawn.gain, powers, drawn.weight))
    received = gain * power[:, None, :]
    own = np.diagonal(received, axis1=1, axis2=2)
    return float((weight * np.log2(1 + own / (received.sum(2) - own + noise))).sum(1).mean())


def test_a_level_that_no_noise_gives_is_refused():
    with pytest.raises(ValueError, match="WMMSE reaches 1000 at no noise power from"):
        readings.fitted_noise(public(2, num_links=3), 1000.0, False)


def test_a_rule_without_messages_is_no_better_than_a_search_of_all_patterns():
    drawn = public(20, num_links=5)
    best = on_off_search(drawn.gain, drawn.weight, 0.1, 1.0, candidates=5)
    assert 0 < readings.without_messages(drawn) < channels_rate(drawn, best, 0.1)


def test_every_reading_has_the_units_that_it_names(table):
    rows = table.set_index(["reading", "models"])
    bits, nats = rows.loc[("R1", "eq. (2), bits")], rows.loc[("R2", "eq. (2), nats")]
    assert nats.wmmse == pytest.approx(bits.wmmse * math.log(2))
    assert nats.optimum == pytest.approx(bits.optimum * math.log(2))
    assert (bits.qgnn, bits.gcn) == (2.9, 3.6)
    assert nats.qgnn == pytest.approx(2.9 * math.log(2))
    mixed = rows.loc[("R6", "eq. (2), bits")]
    assert (mixed.wmmse, mixed.optimum) == pytest.approx((nats.wmmse, bits.optimum))
    public_metric = rows.loc[("R4", "public metric, bits")]
    assert (public_metric.qgnn, public_metric.gcn) == (2.6, 3.9)


def test_the_stored_output_of_the_public_notebook_comes_back(table):
    (note,) = table.loc[table["reading"] == "R4", "note"]
    assert "keeps 2.4749" in note and note.endswith("gives 2.4749")


def test_fitted_rows_are_at_the_papers_level(table):
    fitted = table[table["reading"] == "R9"]
    assert list(fitted["num_links"]) == [3, 3, 4, 4]
    assert np.allclose(fitted["wmmse"], 2.67 / 1.06, atol=1e-3)
    assert fitted["level_fits"].all()


def test_the_largest_gain_is_that_of_the_optimum_over_the_line(table):
    assert np.allclose(table["largest_gain"], 100 * (table["optimum"] - table["wmmse"]) / table["wmmse"])


@pytest.mark.parametrize(
    "facts, fits",
    [
        ((True, True, True), "yes"),
        ((False, True, True), "no: WMMSE's level"),
        ((True, False, False), "no: the rate is above the optimum; no room for the gain"),
    ],
)
def test_the_page_says_why_a_reading_does_not_fit(table, facts, fits):
    row = table.iloc[:1].assign(**dict(zip(("level_fits", "rate_possible", "gain_possible"), facts, strict=True)))
    assert f"| {fits} |" in pages.readings_table(row)


def test_the_page_has_both_tables(table):
    page = pages.readings_page(table)
    assert page.count("| R4 |") == 1 and page.count("| 3 | eq. (2), nats |") == 1


def test_finals_are_those_of_the_primary_pairs_in_their_own_quantity():
    first = {run.id for run in STUDY.runs.values() if run.scenario == "rayleigh"}
    pair = {pair.qgnn: pair.gcn for pair in STUDY.config.claims if pair.primary and pair.qgnn in first}
    rows = [
        {"method": method, "kind": "model", "split": split, "metric": metric, "mean": value}
        for value, (method, split, metric) in enumerate(
            (method, split, metric)
            for method in [*pair, *pair.values()]
            for split in ("test", "evaluation")
            for metric in ("sum_rate", "released_metric")
        )
    ]
    frame = pd.DataFrame(rows)
    found = readings.finals(STUDY, [frame])
    for (protocol, kind), value in found.items():
        (method,) = [
            run for qgnn, gcn in pair.items() for run in [{"qgnn": qgnn, "gcn": gcn}[kind]]
            if STUDY.runs[run].protocol == protocol
        ]  # fmt: skip
        metric = {"stated": "sum_rate", "released": "released_metric"}[protocol]
        own = frame[(frame["method"] == method) & (frame["split"] == "evaluation") & (frame["metric"] == metric)]
        assert value == own["mean"].item()
    assert len(found) == 4
