"""Adopt what `make tune` found: copy its records to results/reference/tuning/, and write config/tuned.yaml from them.

    python scripts/adopt_tuning.py        (make tuned)

No rule does this, so that settings change only on purpose. Records of runs that are searched no more are removed.
"""

import shutil
from pathlib import Path

from qgnn_d2d import settings
from qgnn_d2d.io import read_csv, write_text
from qgnn_d2d.settings import search
from qgnn_d2d.settings.expansion import own_name
from qgnn_d2d.training.search import best

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "config" / "paper.yaml"
FOUND = ROOT / "results" / "paper" / "tuning"
ADOPTED = ROOT / "results" / "reference" / "tuning"
HEAD = "# The best trial of every search (mean validation objective over its seeds), written by `make tuned`.\n"


def section(study: settings.Study, records: Path) -> str:
    """Return the section ``tuned`` of a config from the records of a study's runs, as YAML."""
    lines, place = ["tuned:"], list[str]()
    order = {run: i for i, run in enumerate(study.runs)}
    runs = sorted((path.stem for path in records.glob("*.csv")), key=order.__getitem__)
    for scenario in study.scenarios:
        for protocol in ("stated", "released"):
            own = [run for run in runs if (study.runs[run].scenario, study.runs[run].protocol) == (scenario, protocol)]
            for run in own:
                lines += [
                    "  " * (level + 1) + f"{name}:"
                    for level, name in enumerate([scenario, protocol])
                    if place[: level + 1] != [scenario, protocol][: level + 1]
                ]
                place = [scenario, protocol]
                found = ", ".join(f"{name}: {value}" for name, value in best(read_csv(records / f"{run}.csv")).items())
                lines.append(f"      {own_name(run, scenario, protocol)}: {{{found}}}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Copy and write."""
    study = settings.read(CONFIG)
    runs = search.read(study, CONFIG.parent).tuning.runs
    for record in [FOUND / f"{run}.csv" for run in runs]:
        if record.exists():
            shutil.copyfile(record, ADOPTED / record.name)
    for record in ADOPTED.glob("*.csv"):
        if record.stem not in runs:
            record.unlink()
    write_text(CONFIG.parent / "tuned.yaml", HEAD + section(study, ADOPTED))


if __name__ == "__main__":
    main()
