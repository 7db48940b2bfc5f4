"""Train one run after the other, or take its committed weights, and evaluate it.

An interrupted training goes on from its checkpoint.
"""

from pathlib import Path
from typing import Any

from _job import ROOT, Progress, run_each

from qgnn_d2d import channels, training
from qgnn_d2d.analysis import evaluation, values
from qgnn_d2d.artifact import reference
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study

REFERENCE = ROOT / "results" / "reference"


def main(study: Study, job: Any) -> None:
    """Write a run's curves, weights, manifest, and its values on every realization of the test and evaluation sets.

    A run of a scale study is trained on channels drawn here, with as many links as it says, and not evaluated.
    Checkpoints are outside of the outputs, which Snakemake deletes before it repeats a job. The one of the last epoch
    stays: a run that has not changed is then not trained again.
    """
    run, output = study.trainable(job.wildcards["run"]), {Path(path).stem: Path(path) for path in job.output}
    scored = () if run.num_links is not None else ("test", "evaluation")
    if run.num_links is None:
        names = (run.training_split, *scored)
        read = channels.read(study, run.scenario, dict(zip(names, map(Path, job.input), strict=True)))
    else:  # of a scale study, which evaluates it
        scenario = study.scenarios[run.scenario].resized(run.num_links)
        drawn = channels.draw(run.scenario, scenario, "train", study.splits["train"], study.seed)
        read = {"train": channels.to_channels(drawn)}
    if study.config.weights == "reference":
        reference.take(run, REFERENCE, output["curves"].parent)
    else:
        train = read[run.training_split].take(run.training_rows)
        trained = training.train(
            run, train, {"train": train, **{split: read[split] for split in scored[:1]}},
            checkpoints=Path(study.file("checkpoints")), checkpoint_seconds=study.config.torch.checkpoint_seconds,
            progress=Progress(),
        )  # fmt: skip
        write_csv(output["curves"], trained.curves)
        training.save_weights(trained.model, run, output["weights"])
        files = {name: output[name] for name in ("curves", "weights")}
        training.save_manifest(run, trained.model, output["manifest"], **files)
    model = training.load_weights(run, output["weights"])
    for split in scored:
        dataset = evaluation.evaluate(run, model, read[split], split)
        values.save(dataset.assign_attrs(split=split), output[split])


if "snakemake" in globals():
    run_each(main, globals()["snakemake"], "run", Study.trained_from, Study.trained_files)
