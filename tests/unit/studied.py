"""A small study with untrained runs where trained ones lie, for whatever reads such runs."""

from qgnn_d2d import models, settings
from qgnn_d2d.artifact.trained import find
from qgnn_d2d.channels import draw_splits, to_channels
from qgnn_d2d.io import write_text
from qgnn_d2d.training import save_manifest, save_weights

CONFIG = """
study: mine
seed: 3
num_seeds: 6
splits: {train: 4, validation: 3, test: 3, evaluation: 5}
scenarios:
  rayleigh: {kind: rayleigh, num_links: 4}
  other: {kind: rayleigh, num_links: 4, noise_power: 0.01}
  public: {kind: public_draws, draw_seed: 1, num_links: 4}
training: {learning_rate: 0.01, batch_size: 2, epochs: 1}
models: {qgnn: {layers: 2, heads: 2}}
experiments:
  main: [{model: [gcn_small, qgnn, qgnn_released]}]
  released: [{model: gcn_small, protocol: released}]
  other: [{scenario: other, model: [gcn_small]}]
  public: [{scenario: public, model: [gcn_small], protocol: released}]
"""
RUN = "rayleigh-stated-gcn_small"


def make(folder):
    """Write config/mine.yaml and results/mine/training/ below a folder; return the results' path."""
    write_text(folder / "config" / "mine.yaml", CONFIG)
    study, results = settings.read(folder / "config" / "mine.yaml"), folder / "results" / "mine"
    for name, run in study.runs.items():
        train = to_channels(draw_splits(study, run.scenario, ["train"])["train"])
        model = models.build(run.model, run.architecture, seed=run.seed, seeds=range(run.num_seeds))
        model.features.fit(train.gain.float(), train.weight.float(), train.noise_power, train.p_max)
        files = {kind: results / "training" / name / file for kind, file in FILES.items()}
        write_text(files["curves"], "run,seed,epoch,split,metric,value\n")
        save_weights(model, run, files["weights"])
        save_manifest(run, model, files["weights"].with_name("manifest.json"), **files)
    return results


FILES = {"curves": "curves.csv", "weights": "weights.safetensors"}


def trained(folder):
    """Return the study's runs as `artifact.trained.find` does."""
    return find(make(folder))
