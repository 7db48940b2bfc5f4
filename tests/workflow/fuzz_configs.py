"""Mutations of the two configs: what Snakemake is given by someone who edits them, in a hurry or on purpose.

`corpus` yields them, the same ones each time. `python tests/workflow/fuzz_configs.py` (`make test-fuzz`) builds the DAG
of every one with Snakemake's own command line, and counts: accepted, refused with one line, anything else.
"""

import argparse
import contextlib
import copy
import functools
import itertools
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CONFIGS = {name: ROOT / "config" / f"{name}.yaml" for name in ("smoke", "paper")}
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"

ACCEPTED, REFUSED, UNREADABLE = "accepted", "refused", "unreadable"
# An alias that contains itself ends in a traceback of Snakemake's own, which reads the file before the Snakefile.
ENDLESS = "endless (refused by Snakemake, with its traceback)"
VERDICTS = (ACCEPTED, REFUSED, UNREADABLE, ENDLESS)
# Snakemake's own lines for a file that is no mapping, before anything of this repository runs.
_UNREADABLE = ("is not valid JSON or YAML", "must be given as JSON or YAML with keys")

# In the place of any value: other types, other signs, other sizes, no number, other scripts, names that are not there.
VALUES: dict[str, Any] = {
    "negative": -1,
    "zero": 0,
    "float": 2.0,
    "fraction": 0.5,
    "huge": 10**30,
    "nan": float("nan"),
    "infinite": float("inf"),
    "tiny": -1e-300,
    "empty text": "",
    "text": "nobody",
    "number as text": "3",
    "line break": "rayleigh\n",
    "unicode": "größe-量子",
    "braces": "{scenario}-{nobody}",
    "lone brace": "{",
    "attribute": "{model.__class__}",
    "path": "../../etc/passwd",
    "none": None,
    "true": True,
    "list": [],
    "nested list": [[1]],
    "mapping": {},
    "unknown mapping": {"nobody": 1},
}

# Whole files: not what YAML, or a config, looks like.
FILES = {
    "empty": "",
    "only a comment": "# nothing\n",
    "a list": "- study\n- seed\n",
    "a number": "3\n",
    "text": "study\n",
    "none": "null\n",
    "an empty mapping": "{}\n",
    "an unclosed bracket": "study: [\n",
    "a tab": "study:\n\t- smoke\n",
    "an unknown anchor": "study: *nobody\n",
    "a Python object": "study: !!python/object:os.system {}\n",
    "a Python call": "study: !!python/object/apply:os.system ['false']\n",
    "a Python name": "!!python/name:os.system\n",
    "an unknown tag": "study: !nobody smoke\n",
    "binary": "\x00\x01\x02",
    "two documents": "study: a\n---\nstudy: b\n",
    "JSON, cut": '{"study": "smoke", ',
    "JSON, a list": "[1, 2]",
    "a key that is a list": "? [a, b]\n: 1\n",
    "a colon in a value": "study: a: b\n",
}

# Appended to a whole config, or put in the place of a line of it: (pattern, replacement).
LINES = {
    "a merge key": (r"(?m)^seed:", "<<: {study: other}\nseed:"),
    "an anchor of a whole group": (r"(?m)^torch: (.*)$", r"torch: &torch \1"),
    "an alias of another type": (r"(?m)^splits: \{", "splits: &splits {"),
    "a set": (r"(?m)^torch: .*$", "torch: !!set {device, threads}"),
    "a date": (r"(?m)^study: .*$", "study: 2020-01-01"),
    "a boolean word": (r"(?m)^study: .*$", "study: yes"),
    "a number in base 60": (r"(?m)^seed: .*$", "seed: 1:30"),
    "an octal number": (r"(?m)^seed: .*$", "seed: 010"),
    "a hexadecimal number": (r"(?m)^seed: .*$", "seed: 0xff"),
    "a number with an exponent and no dot": (r"(?m)^seed: .*$", "seed: 1e3"),
    "a number of 4,000 digits": (r"(?m)^seed: .*$", "seed: " + "9" * 4000),
    "a number too long to write out": (r"(?m)^seed: .*$", "seed: 0x" + "f" * 5000),
    "a key that is a number": (r"(?m)^  rayleigh:$", "  7:"),
    "a key that is true": (r"(?m)^  rayleigh:$", "  yes:"),
    "a key that is none": (r"(?m)^  rayleigh:$", "  null:"),
    "a key with a slash": (r"(?m)^  rayleigh:$", "  a/b:"),
    "a noise model that is a number": (r"(?m)^  lagos:", "  7:"),
    "a model that is a number": (r"(?m)^  gcn:", "  7:"),
    "a figure that is a number": (r"(?m)^  fig2:$", "  2:"),
    "a tuned run that is a number": (r"(?m)^  rayleigh-stated-qgnn:", "  7:"),
    "a config within itself": (r"(?m)^noise:$", "noise: &noise\n  itself: *noise"),
    "a list within itself": (r"(?m)^study: .*$", "study: &a [*a]"),
    "binary data": (r"(?m)^study: .*$", "study: !!binary c21va2U="),
    "a key twice": (r"(?m)^seed:", "seed: 1\nseed:"),
    "a key twice, deep down": (r"splits: \{", "splits: {train: 1, "),
    "an infinite seed": (r"(?m)^seed: .*$", "seed: .inf"),
    "windows line ends": (r"\n", "\r\n"),
    "a byte order mark": (r"\A", "\ufeff"),
}


def _targeted(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield mutations that take more than one place, or knowledge of what refers to what."""

    def changed(*changes: tuple[list[Any], Any]) -> dict[str, Any]:
        new = copy.deepcopy(config)
        for path, value in changes:
            place = functools.reduce(lambda inner, part: inner[part], path[:-1], new)
            place[path[-1]] = value
        return new

    groups = config["runs"]
    sizes = next(i for i, group in enumerate(groups) if group.get("table") == "training_size")
    noisy = next(i for i, group in enumerate(groups) if "noise" in group.get("sweep", {}))
    swept = next(i for i, group in enumerate(groups) if group.get("table") == "ablation")
    train, pool = config["splits"]["train"], config["splits"]["pool"]
    others = [size for size in groups[sizes]["sweep"]["train_size"] if size != train]
    yield "no training size of the split train", changed((["runs", sizes, "sweep", "train_size"], others))
    yield "another split train", changed((["splits", "train"], train + 1))
    yield "more training than the pool", changed((["runs", sizes, "sweep", "train_size"], [train, pool + 1]))
    yield "one training size", changed((["runs", sizes, "sweep", "train_size"], [train]))
    for value in ([None], [[1]], ["a"], [0.5], [float("nan")], [True], [10**30], [train, train], {}, "12", []):
        yield f"training sizes {value!r:.20}", changed((["runs", sizes, "sweep", "train_size"], value))
    for key, value in itertools.product(
        ("k", "layers", "heads", "stars", "noise", "circuit", "angle_range", "message_widths"),
        ([None], [[1]], ["nobody"], [-1], [1.5], [float("inf")], []),
    ):
        yield (
            f"a sweep of {key} over {value}",
            changed((["runs", swept, "sweep"], {"k": [3], "layers": [2], key: value})),
        )
    for name in (
        "{",
        "}",
        "{}",
        "{0}",
        "{nobody}",
        "{model.x}",
        "{model!r}",
        "{model:>99}",
        "a{{b}}",
        "",
        "a b",
        "../x",
    ):
        yield f"an id {name!r}", changed((["runs", 0, "id"], name))
        yield f"tuned_as {name!r}", changed((["runs", noisy, "tuned_as"], name))
        yield f"noise.aware {name!r}", changed((["noise", "aware"], name))
        yield f"a backend {name!r}", changed((["noise", "hardware", "backend"], name))
    names = ["ablation", "ablation_released", "training_size", "leaves", "rayleigh"]
    for key, table in itertools.product(("grid", "released", "sizes", "leaves"), names):
        yield f"ablation.{key} is {table}", changed((["ablation", key], table))
    runs = ["rayleigh-stated-gcn", "rayleigh-released-qgnn", "geometric-stated-qgnn", "rayleigh-stated-qgnn-p1e-2",
            "rayleigh-stated-qgnn-k3-L2", "rayleigh-stated-gcn-n12", "rayleigh-stated-qgnn_released",
            "public_draws-released-gcn_released"]  # fmt: skip
    for run in runs:
        yield f"noise.run is {run}", changed((["noise", "run"], run))
        yield f"ablation.point is {run}", changed((["ablation", "point"], run))
        yield f"a claim of {run}", changed((["claims", 0, "qgnn"], run))
        yield f"scale of {run}", changed((["scale", "runs"], [run]))
        yield f"fig2 shows {run}", changed((["figures", "fig2", "left"], [run]))
        yield f"another figure shows {run}", changed((["figures", "fig2_paper_lr", "right"], [run]))
        yield f"to tune {run}", changed((["tuning", "runs"], [run]))
    for study in ("reference", "benchmarks"):
        yield f"a study {study}", changed((["study"], study))
    for figure in ("informed", "scale_inference"):
        yield f"a figure {figure}", changed((["figures", figure], config["figures"]["fig2"]))
    yield "a device as level", changed((["noise", "levels"], ["lagos"]))
    yield "a level as device", changed((["noise", "devices"], ["p1e-2"]))
    yield "a device twice", changed((["noise", "devices"], ["lagos", "lagos"]))
    yield "no levels", changed((["noise", "levels"], []))
    yield "nothing unaware", changed((["noise", "unaware"], []))
    yield "links without those of the training", changed((["scale", "links"], [5, 20]))
    yield "a figure named as one of another kind", changed((["figures", "scale"], config["figures"]["fig2"]))
    yield "a figure named fig1_circuit", changed((["figures", "fig1_circuit"], config["figures"]["fig2"]))
    yield "a table named as a scenario", changed((["runs", swept, "table"], "geometric"))
    yield "a table named as its scenario", changed((["runs", swept, "table"], "rayleigh"))
    yield "the model qgnn without options", changed((["models", "qgnn"], {}))
    yield "no models", changed((["models"], {}))
    yield "no claims", changed((["claims"], []))
    yield "no tuned runs", changed((["tuned"], {}))
    yield "no figures", changed((["figures"], {}))
    yield "no splits", changed((["splits"], {}))
    yield "every number huge", changed((["splits"], dict.fromkeys(config["splits"], 2**62)))
    yield "huge epochs", changed((["tuned", "rayleigh-stated-qgnn", "epochs"], 2**62))
    yield "seed of 64 bits", changed((["seed"], 2**63 - 1))
    yield "seed of 65 bits", changed((["seed"], 2**64))
    yield "no such device", changed((["torch", "device"], "warp"))
    yield "a device that computes nothing", changed((["torch", "device"], "meta"))
    yield "device cuda:x", changed((["torch", "device"], "cuda:x"))
    yield "all runs swept", changed((["runs"], [group for group in groups if "sweep" in group]))
    yield "no run swept", changed((["runs"], [group for group in groups if "sweep" not in group]))
    yield "a study of one run", {
        **{key: config[key] for key in ("study", "seed", "num_seeds", "splits", "scenarios", "models")},
        "runs": [{"id": "one", "scenario": "rayleigh", "protocol": "stated", "model": "gcn",
                  "training": {"learning_rate": 0.01, "batch_size": 12, "epochs": 1}}],
    }  # fmt: skip
    for optional in itertools.chain.from_iterable(
        itertools.combinations(("noise", "ablation", "scale", "claims", "figures"), count) for count in (2, 3, 5)
    ):
        yield f"without {', '.join(optional)}", {key: value for key, value in config.items() if key not in optional}


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every key and entry."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in entries:
        yield (*path, key)
        yield from _places(child, (*path, key))


def _with(config: Any, path: tuple[Any, ...], change: Any) -> Any:
    """Return a copy with ``change(container, key)`` done at a place."""
    new = copy.deepcopy(config)
    change(functools.reduce(lambda inner, part: inner[part], path[:-1], new), path[-1])
    return new


def _text(config: Any) -> str:
    # Much faster in C; the same text as without.
    return yaml.dump(config, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), allow_unicode=True)


def _rename(container: Any, key: Any) -> None:
    if isinstance(container, dict):
        container[f"{key}x"] = container.pop(key)
    else:
        container.insert(key, copy.deepcopy(container[key]))  # an entry twice


def corpus() -> Iterator[tuple[str, str]]:
    """Yield name and text of every mutation: all places of the smoke study, every 12th of the paper's."""
    yield from ((f"file: {name}", text) for name, text in FILES.items())
    for study, file in CONFIGS.items():
        text = file.read_text(encoding="utf-8")
        for name, (pattern, replacement) in LINES.items():
            yield f"{study}: {name}", re.sub(pattern, lambda found, to=replacement: found.expand(to), text, count=1)
        config = yaml.safe_load(text)
        step = 1 if study == "smoke" else 12
        changes = {"deleted": lambda container, key: container.pop(key), "renamed or doubled": _rename}
        for index, path in enumerate(_places(config)):
            if index % step:
                continue
            place = ".".join(map(str, path))
            for name, change in changes.items():
                yield f"{study}: {place} {name}", _text(_with(config, path, change))
            # One value each, in turn, so that neighbors meet different ones and all together meet all.
            for name in itertools.islice(itertools.cycle(VALUES), index, index + 1):
                new = _with(config, path, lambda container, key, to=VALUES[name]: container.__setitem__(key, to))
                yield f"{study}: {place} is {name}", _text(new)
        if study == "smoke":
            for name, new in _targeted(config):
                yield f"{study}: {name}", _text(new)


# ---------------------------------------------------------------------------------------------------------------------
# Snakemake's verdict


def dry_run(text: str, folder: Path) -> tuple[str, str]:
    """Build a config's DAG in a child of this process, which has loaded Snakemake and the library already.

    Returns:
        `ACCEPTED`, `REFUSED` or `UNREADABLE`, or what went wrong; and what was printed.
    """
    from snakemake import cli

    config, output = folder / "config.yaml", folder / "output.txt"
    config.write_text(text, encoding="utf-8")
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            os.chdir(folder)
            with output.open("w", encoding="utf-8") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
                sys.stdout = sys.stderr = file  # pytest has put others in their place
                arguments = [
                    "--snakefile",
                    str(ROOT / "Snakefile"),
                    "--dry-run",
                    "--configfile",
                    str(config),
                    "--nolock",
                ]
                try:
                    cli.main(arguments)
                except SystemExit as end:
                    status = end.code if isinstance(end.code, int) else 1
        os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    printed = output.read_text(encoding="utf-8", errors="replace")
    if "_get_overwrite_config" in printed and "RecursionError" in printed:
        return ENDLESS, printed
    if "Traceback (most recent call last)" in printed:
        return "traceback", printed
    if status == 0:
        return ACCEPTED, printed
    lines = [line for line in printed.splitlines() if line.strip().startswith("config:")]
    if len(lines) == 1:
        return REFUSED, lines[0].strip()
    if any(words in printed for words in _UNREADABLE):
        return UNREADABLE, printed
    return "another error", printed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="take every n-th mutation only")
    parser.add_argument("--only", default="", help="take mutations whose name contains this only")
    parser.add_argument("--show", action="store_true", help="print every mutation's line")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT / "src"))
    import snakemake.cli  # noqa: F401  (loaded once, here, for all children)

    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        chosen = [item for item in corpus() if arguments.only in item[0]]
        for name, text in chosen[:: arguments.every]:
            verdict, printed = dry_run(text, Path(folder))
            counts[verdict] += 1
            if verdict not in VERDICTS:
                print(f"--- {name}: {verdict}\n{printed[-3000:]}", flush=True)
            elif arguments.show:
                print(f"{verdict:10} {name}: {printed if verdict == REFUSED else ''}", flush=True)
    print(f"{sum(counts.values())} mutations: {', '.join(f'{count} {what}' for what, count in sorted(counts.items()))}")
    sys.exit(bool(set(counts) - set(VERDICTS)))


if __name__ == "__main__":
    main()
