import math

import pandas as pd
import pytest
import torch

from qgnn_d2d import objective, stars
from qgnn_d2d.analysis import convergence
from qgnn_d2d.channels import Channels
from qgnn_d2d.settings import MODELS, Training
from qgnn_d2d.training import Trainer, allocate, cast, train, trainer
from tests.unit.training.cases import channels, monitored, run_of

ROUNDING = 1e-7  # float64, over the first epochs; batch norm over few nodes amplifies rounding


@pytest.mark.parametrize("model", MODELS)
def test_first_epochs_of_stacked_seeds_are_those_of_each_seed_alone(model):
    run = run_of(model, "released" if model.endswith("released") else "stated", num_seeds=3)

    def curves(seeds):
        found = Trainer(run, channels(), monitored(), dtype=torch.float64, seeds=seeds)
        for _ in range(2):
            found.train_epoch()
        return found.curves()

    together = curves(range(3))
    alone = pd.concat([curves(range(s, s + 1)) for s in range(3)])
    keys = ["seed", "epoch", "split"]
    difference = together.set_index(keys)["value"] - alone.set_index(keys)["value"]
    assert len(difference) == 3 * 3 * 2
    assert difference.abs().max() < ROUNDING


def test_curves_start_with_the_untrained_model_and_have_a_point_per_epoch():
    run = run_of(epochs=3)
    curves = train(run, channels(), monitored()).curves
    assert list(curves.columns) == ["run", "seed", "epoch", "split", "metric", "value"]
    assert (set(curves["run"]), set(curves["metric"])) == ({"a-run"}, {"sum_rate"})
    assert curves.groupby(["seed", "split"])["epoch"].apply(list).tolist() == [[0, 1, 2, 3]] * 4
    first = curves.query("epoch == 0 and split == 'test'")["value"].tolist()
    assert first == Trainer(run, channels(), monitored()).score("test").tolist()


@pytest.mark.parametrize(("model", "protocol"), [("gcn_small", "stated"), ("qgnn_released", "released")])
def test_running_means_are_those_of_the_epochs_batches_in_training_mode(model, protocol, monkeypatch):
    """With a kernel and without; the last of the batches of 8 has 4 of the 20 realizations."""
    plain = train(run_of(model, protocol), channels(), monitored()).curves
    run = run_of(model, protocol, training={"running_mean": True})
    sums, means = [], Trainer.means

    def recording(self, *batch):
        assert self.model.training
        found = means(self, *batch)
        sums.append((found.detach() * batch[1].shape[1]).double())
        return found

    monkeypatch.setattr(Trainer, "means", recording)
    slow = Trainer(run, channels(), monitored(), compiled=False)
    slow.train_epoch()
    assert [record[:2] for record in slow.records[2:]] == [(1, "train"), (1, "test"), (1, "train_running")]
    assert slow.records[-1][2] == pytest.approx((sum(sums) / 20).tolist(), rel=1e-6) and len(sums) == 3
    curves = train(run, channels(), monitored()).curves
    running = curves["split"] == "train_running"
    assert sorted(curves[running]["epoch"].unique()) == [1, 2]
    assert curves[running]["value"].tolist()[:2] == pytest.approx(slow.records[-1][2], rel=1e-4)
    pd.testing.assert_frame_equal(curves[~running].reset_index(drop=True), plain, check_exact=True)
    ours, without = (convergence.of_run("a-run", table) for table in (curves, plain))
    assert (ours.test == without.test).all() and (ours.train == without.train).all()


@pytest.mark.parametrize("protocol", objective.PROTOCOLS)
def test_training_improves_what_the_protocol_reports(protocol):
    result = train(run_of("gcn", protocol, epochs=15), channels(60), {"train": channels(60)})
    quantity = objective.trained_quantity(protocol)
    assert set(result.curves["metric"]) == {quantity.name} and not result.model.training
    means = result.curves.groupby("epoch")["value"].mean()
    assert means.iloc[-1] > 1.05 * means.iloc[0]
    data = cast(channels(60), torch.float32, "cpu")
    power = allocate(result.model, data, None)
    expected = quantity.values(data.gain, power, data.weight, data.noise_power).mean(dim=1)
    last = result.curves.query("epoch == 15")["value"].tolist()
    assert last == pytest.approx(expected.tolist(), rel=1e-6)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("cosine", [1, 1, 0.5, (1 + math.cos(0.9 * math.pi)) / 2]),
        ("cosine_step", [1, (1 + math.cos(0.05 * math.pi)) / 2, 0.5, (1 + math.cos(0.9 * math.pi)) / 2]),
        ("step", [1, 1, 0.8, 0.8]),
    ],
)
def test_learning_rate_schedules(schedule, expected):
    training = Training(learning_rate=1.0, batch_size=1, epochs=10, schedule=schedule)
    points = [(1, 0.0), (1, 0.5), (6, 0.0), (10, 0.0)]
    assert [trainer.learning_rate(training, *point) for point in points] == pytest.approx(expected)


def test_every_gradient_step_has_the_rate_of_its_schedule(monkeypatch):
    found = Trainer(run_of("gcn_small", training={"schedule": "cosine_step"}), channels(), {})
    rates = []
    step = found.optimizer.step
    monkeypatch.setattr(found.optimizer, "step", lambda: rates.append(found.optimizer.param_groups[0]["lr"]) or step())
    found.train_epoch()
    expected = [trainer.learning_rate(found.run.training, 1, start / 20) for start in (0, 8, 16)]
    assert rates == expected and found.epoch == 1


def test_long_curves_are_scored_at_most_so_often(monkeypatch):
    monkeypatch.setattr(trainer, "MAX_POINTS", 3)
    curves = train(run_of("gcn_small", epochs=7), channels(4), {"test": channels(2)}).curves
    assert sorted(curves["epoch"].unique()) == [0, 2, 4, 6, 7]


def test_a_metric_that_is_not_finite_stops_the_run():
    found = Trainer(run_of(), channels(), monitored())
    with torch.no_grad():
        next(found.model.parameters()).fill_(float("nan"))
    with pytest.raises(ValueError, match=r"run a-run: the .* metric is not finite after epoch 1"):
        found.train_epoch()


def test_progress_is_shown_where_it_is_asked_for(capsys):
    import sys

    train(run_of("gcn_small"), channels(4), {"test": channels(2)}, progress=sys.stderr)
    assert "a-run" in capsys.readouterr().err


# What a gradient step sees


def batches(run, data, monkeypatch):
    """Return a trainer and what its means of one epoch are computed from."""
    found, seen = Trainer(run, data, {}, compiled=False), []

    def means(*batch):
        seen.append(batch)
        return sum(parameter.flatten(1).sum(1) for parameter in found.model.parameters())

    monkeypatch.setattr(found, "means", means)
    found.train_epoch()
    return found, seen


def test_every_seed_sees_every_realization_once_in_its_own_order(monkeypatch):
    found, seen = batches(run_of("gcn_small"), channels(), monkeypatch)
    assert [batch[0].shape[1] for batch in seen] == [8, 8, 4]
    weights = torch.cat([batch[1] for batch in seen], dim=1)
    assert not torch.equal(weights[0], weights[1])
    for s in range(2):
        assert torch.equal(weights[s].sort(dim=0).values, found.train.weight.sort(dim=0).values)


@pytest.mark.parametrize("rule", ["strongest", "competitors"])
def test_informed_leaves_belong_to_the_realizations_of_their_batch(rule, monkeypatch):
    run = run_of(stars=rule, training={"drop_links": 0.3})
    found, seen = batches(run, channels(), monkeypatch)
    for gain, weight, leaves in seen:
        for s in range(2):
            drawn = Channels(gain[s], weight[s], found.train.noise_power, found.train.p_max)
            assert torch.equal(leaves[s], stars.choose(rule, drawn, 3, torch.Generator()))


def test_random_leaves_are_drawn_anew_every_epoch_and_layer(monkeypatch):
    found = Trainer(run_of(), channels(), {}, compiled=False)
    seen = []
    means = found.means
    monkeypatch.setattr(found, "means", lambda *batch: seen.append(batch[2]) or means(*batch))
    found.train_epoch()
    found.train_epoch()
    assert not torch.equal(seen[0], seen[3]) and not torch.equal(seen[0][0], seen[0][1])
    assert seen[0].shape == (2, 2, 8, 5, 3) and not torch.equal(seen[0][:, 0], seen[0][:, 1])


def test_links_are_left_out_of_training_realizations_only(monkeypatch):
    data = channels(400)
    found, seen = batches(run_of("gcn", training={"drop_links": 0.25}), data, monkeypatch)
    gain, weight = (torch.cat(parts, dim=1) for parts in list(zip(*seen, strict=True))[:2])
    absent = weight == 0
    assert abs(absent.double().mean() - 0.25) < 5 * (0.25 * 0.75 / absent.numel()) ** 0.5
    assert (absent[0] != absent[1]).any()  # every seed leaves out its own
    for s in range(2):
        present = ~absent[s]
        assert ((gain[s] > 0) == (present.unsqueeze(-1) & present.unsqueeze(-2))).all()
        assert set(weight[s][present].tolist()) <= set(found.train.weight.flatten().tolist())
    assert (found.train.weight > 0).all() and torch.equal(found.train.gain, data.gain.float())


@pytest.mark.parametrize("protocol", ["stated", "released"])
@pytest.mark.parametrize("model", ["gcn", "gcn_informed", "qgnn", "qgnn_informed"])
def test_compiled_trainings_are_those_of_torch(model, protocol):
    run = run_of(model, protocol, training={"drop_links": 0.2})
    data = {"train": channels(), "test": channels(7, seed=1)}
    fast, plain = (
        Trainer(run, data["train"], data, dtype=torch.float64, compiled=compiled) for compiled in (True, False)
    )
    assert fast.kernel is not None and plain.kernel is None
    for _ in range(3):
        fast.train_epoch()
        plain.train_epoch()
    for (epoch, split, ours), (_, _, theirs) in zip(fast.records, plain.records, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9), f"{split} after epoch {epoch}"
    for name, generators in fast.generators.items():
        for own, other in zip(generators, plain.generators[name], strict=True):
            assert torch.equal(own.get_state(), other.get_state()), name


def test_runs_without_augmentation_draw_nothing_for_it():
    assert "drop" not in Trainer(run_of(), channels(), {}).generators
    assert "drop" in Trainer(run_of(training={"drop_links": 0.1}), channels(), {}).generators


def test_random_stars_are_those_of_the_rule():
    run = run_of("qgnn", num_seeds=2)
    one, other = (Trainer(run, channels(), {}) for _ in range(2))
    gain, weight, leaves = one._draw()
    for generator in other.generators["shuffle"]:
        torch.randperm(len(other.train), generator=generator)
    drawn = Channels(gain.flatten(0, 1), weight.flatten(0, 1), one.train.noise_power, one.train.p_max)
    expected = stars.choose("random", drawn, one.model.k, *other.generators["stars"], num_sets=2)
    assert one.model.stars == "random" and torch.equal(leaves.transpose(0, 1).flatten(1, 2), expected)
