"""Commit to a full run: copy its numbers to results/reference/ and write them into README.md and docs/informed.md.

    python scripts/publish_reference.py        (make reference, after make reproduce and make bench)

No rule does this, so that `results/reference/` changes only on purpose.
"""

import shutil
from pathlib import Path

from qgnn_d2d import figures, settings
from qgnn_d2d.artifact import reference as snapshots
from qgnn_d2d.artifact import usage
from qgnn_d2d.claims import page
from qgnn_d2d.io import read_csv, read_json, write_csv, write_json, write_text
from qgnn_d2d.report import equal_information, gradients, readme
from qgnn_d2d.report import pages as layouts
from qgnn_d2d.report.markdown import table
from qgnn_d2d.settings import search

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
REFERENCE = RESULTS / "reference"
COPIED = (
    "paper/claims.json",
    "paper/convergence.csv",
    "paper/gradients.csv",
    "paper/readings.csv",
    "paper/redraws.csv",
    "paper/tables/*.csv",
    "paper/choices/*.csv",
    "paper/comparisons/*.csv",
    "paper/seeds/*.csv",
    "paper/noise/*.csv",
    "paper/noise/*/exact.csv",
    "paper/scale/*/*.csv",
    "benchmarks/engine.csv",
    "benchmarks/optimum.csv",
)


def blocks(reference: Path) -> dict[str, dict[str, str]]:
    """Return the generated blocks of every document, made from the reference numbers and the config alone."""
    study = settings.read(ROOT / "config" / "paper.yaml")
    judged = read_json(reference / "claims.json")
    main = read_csv(reference / "tables" / "main.csv")
    noise = read_csv(reference / "noise" / "summary.csv")
    same = equal_information.rows(
        *(read_csv(reference / name / "equal_information.csv") for name in ("comparisons", "tables"))
    )
    engine, optimum = (read_csv(reference / f"{name}.csv") for name in ("engine", "optimum"))
    pair = next(pair for pair in study.config.claims if pair.primary)
    (informed,) = study.select("main", variant="qgnn_informed")
    (gcn_informed,) = study.select("main", variant="gcn_informed")
    others = [run for run in study.select("main", protocol="stated") if study.presets[run] == "drop"]
    mains = [informed, *study.select("main", variant="mlp_informed"), gcn_informed]
    mains += [pair.gcn, *others, *study.select("main", variant="gcn_683", preset=None)]
    choices = search.read(study, ROOT / "config").choices.runs
    summary = {
        "QGNN at the paper's point (7 qubits)": pair.qgnn,
        "GCN of the same size": pair.gcn_small,
        "WMMSE, start at full power": "wmmse",
        "GCN, full size": pair.gcn,
        "QGNN with chosen neighbors (7 qubits)": informed,
        "WMMSE, start at the best link": "wmmse_single",
        "on/off search over 4 links, no learning": "on_off_4",
        "certified optimum": "optimum",
    }
    named = {"qgnn": pair.qgnn, "gcn": pair.gcn, "gcn_small": pair.gcn_small, "qgnn_informed": informed}
    equal = [equal_information.bullet(same, leaves) for leaves in ("random", "competitors")]
    spatial = [name for name in study.comparisons if study.scenarios[study.scenario_of(name)].kind == "geometric"]
    geometry = {name: read_csv(reference / "tables" / f"{name}.csv") for name in spatial}
    captions = {f"caption_{name}": f"*{module.CAPTION}*\n" for name, module in figures.FIGURES.items()}
    made = {
        "summary": readme.summary_block(main, summary),
        "bullets": readme.bullets_block(judged, main, noise, {**named, "gcn_informed": gcn_informed}, equal),
        "claims": page.overview(judged),
        "cost": readme.cost_block(read_csv(reference / "jobs.csv"), read_json(reference / "machine.json")),
        "results": readme.results_block(main, "main"),
        "informed": readme.informed_block(
            main, read_csv(reference / "comparisons" / "main.csv"), list(dict.fromkeys(mains)),
            {"the GCN": pair.gcn, "the QGNN": informed},
        ),
        "equal_information": equal_information.block(same),
        "informed_claims": page.beside(judged, informed),
        "noise": readme.noise_block(noise),
        "geometry": readme.geometry_block(geometry),
        "geometry_claims": page.elsewhere(judged),
        "engine": f"{table(engine.rename(columns={'ratio': 'times the first'}))}\n",
        "optimum": f"{table(optimum, {name: name for name in ('links', 'solver', 'certified', 'boxes', 'seconds')})}\n",
        "gradients": gradients.block(read_csv(reference / "gradients.csv")),
        "readings": f"{layouts.readings_table(read_csv(reference / 'readings.csv'))}\n",
        "redraws": f"{layouts.redraws_table(read_csv(reference / 'redraws.csv'))}\n",
        "choices": readme.choices_block({run: read_csv(reference / "choices" / f"{run}.csv") for run in choices}),
        **captions,
    }  # fmt: skip
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    marked = {path: readme.marked(path.read_text(encoding="utf-8")) for path in documents}
    return {
        str(path.relative_to(ROOT)): {
            name: readme.wrapped(made[name]) if path.name == "README.md" else made[name] for name in names
        }
        for path, names in marked.items()
        if names
    }


def pages(reference: Path) -> dict[str, str]:
    """Return the reference's Markdown pages, made from its tables."""
    found = {
        f"tables/{path.stem}.md": layouts.results_page(read_csv(path), path.stem)
        for path in sorted((reference / "tables").glob("*.csv"))
    }
    devices, jobs = read_csv(reference / "noise" / "devices.csv"), read_csv(reference / "jobs.csv")
    trainings = jobs[jobs["rule"] == "train_model"].set_index("job")["cpu_seconds"] / 60
    trainings.index = trainings.index.str.removeprefix("train_model/")
    return found | {
        "claims.md": page.page(read_json(reference / "claims.json"), trainings.to_dict()),
        "readings.md": layouts.readings_page(read_csv(reference / "readings.csv")),
        "redraws.md": layouts.redraws_page(read_csv(reference / "redraws.csv")),
        "convergence.md": layouts.convergence_page(read_csv(reference / "convergence.csv")),
        "noise/summary.md": layouts.noise_page(read_csv(reference / "noise" / "summary.csv"), devices),
    }


def write_reference(results: Path, reference: Path) -> None:
    """Copy a full run's tables, and write what `artifact.compare` compares.

    Args:
        results: Folder of the study `paper` and of the benchmarks.
        reference: Folder to write to.
    """
    for pattern in COPIED:
        for source in sorted(results.glob(pattern)):
            target = reference / source.relative_to(results / pattern.partition("/")[0])
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    study = results / "paper"
    jobs = usage.read(study / "usage")
    for run in settings.read(ROOT / "config" / "check.yaml").runs:
        snapshots.keep(run, study / "training", reference)
    for name, rows in {
        **snapshots.made(study),
        "jobs.csv": jobs[~jobs["rule"].isin(["tune_model", "try_choices"])],
    }.items():
        write_csv(reference / name, rows)
    write_json(reference / "machine.json", snapshots.machine_of(study, ROOT / "envs" / "requirements.lock"))
    write_pages(reference)


def write_pages(reference: Path) -> None:
    """Write the reference's Markdown pages, and the blocks of README and docs."""
    for name, text in pages(reference).items():
        write_text(reference / name, text)
    for name, parts in blocks(reference).items():
        document = ROOT / name
        write_text(document, readme.splice(document.read_text(encoding="utf-8"), parts))


if __name__ == "__main__":
    write_reference(RESULTS, REFERENCE)
