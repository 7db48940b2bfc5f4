"""What all rules share: the checked config, the study, paths, and input functions."""

import json
import os
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version, validate

min_version("9.0")

# The library needs no installation: neither here nor in the scripts' own Python processes.
SOURCE = str(Path(workflow.basedir, "src"))
sys.path.insert(0, SOURCE)
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [SOURCE, os.environ.get("PYTHONPATH")]))
)

# glibc would hand every large tensor's memory back to the system and fault it in again: up to a third of a training's time.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(32 * 2**20))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(4 * 2**30))

# For the records of scripts/_job.py, and no rule's parameter: another file of the same content repeats no job.
os.environ.update(
    QGNN_D2D_CONFIG_FILES=json.dumps([str(path) for path in workflow.configfiles])
)

from qgnn_d2d.settings import configuration

SCHEMA = Path(workflow.basedir, "workflow", "schemas", "config.schema.yaml")


def load_study(config):
    """Return the study and the ids of its tunable and its untuned runs; any mistake in the config is one line."""
    try:
        for path in workflow.configfiles:
            configuration.check_keys(Path(path).read_text(encoding="utf-8-sig"))
        configuration.check_schema(
            config, yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
        )
        validate(config, str(SCHEMA))  # fills in the schema's defaults
        return configuration.load(config)
    except ValueError as error:
        raise WorkflowError(f"config: {error}") from None


STUDY, TUNABLE, UNTUNED = load_study(config)
STUDY_FIGURES = list(config["figures"])
OPTIMALITY_FIGURES = ["optimality"] if "fig2" in STUDY_FIGURES else []
CHOICES = config.get("choices", {})
NOISE = config.get("noise", {})
NOISE_FIGURES = ["noise", "shots", "resources"] if NOISE else []
ABLATION = config.get("ablation", {})
ABLATION_FIGURES = (
    ["ablation_k", "ablation_l", "ablation_grid", "training_size"] if ABLATION else []
)
INFORMED = config.get("informed", {})
INFORMED_FIGURES = ["informed"] if INFORMED else []
SCALE = config.get("scale", {})
SCALE_FIGURES = ["scale"] if SCALE else []
SCALE_SCENARIO = (
    STUDY.scenarios[STUDY.runs[SCALE["runs"][0]].scenario] if SCALE else None
)
ALL_FIGURES = [
    "fig1_circuit",
    *STUDY_FIGURES,
    *OPTIMALITY_FIGURES,
    *NOISE_FIGURES,
    *ABLATION_FIGURES,
    *INFORMED_FIGURES,
    *SCALE_FIGURES,
]
NOISE_NAMES = [
    name for key in ("devices", "levels", "unaware") for name in NOISE.get(key, [])
]
NOISE_SCENARIO = STUDY.runs[NOISE["run"]].scenario if NOISE else None
PREFIX = f"results/{STUDY.name}"
# Only the paper's study writes to figures/.
FIGURES = "figures" if STUDY.name == "paper" else f"{PREFIX}/figures"


def check_folder(folder):
    """Refuse a folder that nothing can be written to: Snakemake would say so in a traceback, in the middle of a run."""
    present = next(path for path in [folder, *folder.parents] if os.path.lexists(path))
    if not present.is_dir():
        raise WorkflowError(f"{present}: a file where results need a folder")
    if not os.access(present, os.W_OK | os.X_OK):
        raise WorkflowError(f"{present}: results cannot be written there (read-only)")


# In a study's folder, every name without a suffix is a folder's.
for folder in (PREFIX, FIGURES, *Path(PREFIX).glob("[!.]*")):
    if not Path(folder).suffix:
        check_folder(Path(folder))


wildcard_constraints:
    scenario="|".join(STUDY.scenarios),
    split="|".join(STUDY.splits),
    table="|".join(STUDY.tables),
    run="|".join(STUDY.runs),
    figure="|".join(STUDY_FIGURES),
    noise="|".join(NOISE_NAMES),
    links="[0-9]+",


def figure_files(names):
    """Return the files of the named figures."""
    suffixes = {
        "fig1_circuit": (".pdf", ".png"),
        "shots": (".pdf", ".png", ".csv", "_aer.csv"),
        "scale": (".pdf", ".png", ".csv", "_inference.csv"),
    }
    return [
        f"{FIGURES}/{name}{suffix}"
        for name in names
        for suffix in suffixes.get(name, (".pdf", ".png", ".csv"))
    ]


def table_files():
    """Return all tables, as CSV and as Markdown."""
    stems = [f"tables/{name}" for name in STUDY.tables]
    stems += ["convergence"] + (["noise/summary"] if NOISE_NAMES else [])
    return expand(f"{PREFIX}/{{stem}}.{{suffix}}", stem=stems, suffix=["csv", "md"])


def scenario_runs():
    """Return the runs of the scenarios' tables: all that no sweep makes."""
    return [
        run
        for table, runs in STUDY.tables.items()
        if table in STUDY.scenarios
        for run in runs
    ]


def run_channels(split):
    """Return an input function: the run's training channels, and another split of its scenario."""

    def files(wildcards):
        run = STUDY.runs[wildcards.run]
        training = "train" if run.train_size is None else "pool"
        return expand(
            f"{PREFIX}/channels/{run.scenario}/{{split}}.nc", split=[training, split]
        )

    return files


def run_settings(wildcards):
    """Return the settings of the run, for params: they and nothing else decide whether it is trained again."""
    if UNTUNED:
        raise WorkflowError(
            f"config: learning_rate, batch_size and epochs of run {UNTUNED[0]} stand neither under tuned nor in its "
            "group's training; `snakemake tune` searches for them"
        )
    return STUDY.runs[wildcards.run].as_dict()


def table_runs(template):
    """Return an input function: ``template`` filled with each run of the table."""
    return lambda wildcards: expand(template, run=STUDY.tables[wildcards.table])


def table_input(*templates):
    """Return an input function: ``templates`` filled with the scenario of the table's runs."""
    return lambda wildcards: [
        f"{PREFIX}/{template}".format(scenario=STUDY.scenario_of(wildcards.table))
        for template in templates
    ]


def runs_of(figure):
    """Return all run ids of a figure, in the config's order."""
    return [run for runs in config["figures"][figure].values() for run in runs]


def tables_of(figure):
    """Return the tables that a figure's runs stand in."""
    shown = set(runs_of(figure))
    return [table for table, runs in STUDY.tables.items() if shown & set(runs)]


def figure_runs(wildcards):
    """Return all run ids of the figure that a job is for."""
    return runs_of(wildcards.figure)


def figure_scenario(wildcards):
    """Return the one scenario that a figure's runs belong to."""
    return STUDY.runs[figure_runs(wildcards)[0]].scenario


def figure_run(run):
    """Return what a figure's legend says of a run: its model, and its architecture in short."""
    settings = STUDY.runs[run]
    options = settings.architecture
    names = {"k": "k", "layers": "L", "heads": "heads", "entangling_layers": "E"}
    about = [f"{names[key]} = {options[key]}" for key in names if key in options]
    return {"model": settings.model, "about": ", ".join(about)}


def model_options(model):
    """Return the options that a model's runs share: the config's, else the model's own."""
    from qgnn_d2d.models import (
        architecture_options,
    )  # loads PyTorch, which a misspelt key need not wait for

    return architecture_options(model) | config["models"].get(model, {})


def untuned_settings(wildcards):
    """Return a run's settings without what the search chooses, so that a chosen value does not repeat the search."""
    settings = STUDY.runs[wildcards.run].as_dict()
    open_values = {"learning_rate": 1.0, "batch_size": 1, "epochs": 1}
    return {**settings, "training": {**settings["training"], **open_values}}


def choice_settings(wildcards):
    """Return the settings that a run's choices start from."""
    start = CHOICES["runs"][wildcards.run]["start"]
    return STUDY.runs[wildcards.run].changed(start).as_dict()


def claim_runs():
    """Return all run ids that the claims are judged on, each once."""
    return list(
        dict.fromkeys(
            pair[key]
            for pair in config["claims"]
            for key in ("qgnn", "gcn", "gcn_small")
            if key in pair
        )
    )


def claim_scenario_files(template):
    """Return ``template`` filled with the one scenario that the claims' runs belong to; nothing without claims."""
    scenarios = {STUDY.runs[run].scenario for run in claim_runs()}
    return expand(f"{PREFIX}/{template}", scenario=sorted(scenarios))


def claim_files():
    """Return the claims and their verdicts, as JSON and as Markdown; a study without claims has none."""
    return [
        f"{PREFIX}/claims.{suffix}" for suffix in ("json", "md") if config["claims"]
    ]


def scale_files():
    """Return the evaluations at other numbers of links."""
    return expand(f"{PREFIX}/scale/{{links}}.csv", links=SCALE["links"])


def claim_evidence():
    """Return the inputs for C8 to C10 that the study has: training sizes, network sizes, device noise."""
    found = {}
    if ABLATION:
        found["sizes"] = f"{PREFIX}/evaluation/{ABLATION['sizes']}/evaluation.nc"
    if SCALE:
        found["scaled"] = scale_files()
    if NOISE:
        found["noise"] = f"{PREFIX}/noise/summary.csv"
    return found


def claim_settings():
    """Return what C8 to C10 need to know about their inputs, for params."""
    settings = {}
    if ABLATION:
        runs = STUDY.tables[ABLATION["sizes"]]
        settings["sizes"] = [STUDY.runs[run].as_dict() for run in runs]
        settings["claimed"] = STUDY.splits["train"]
    if SCALE:
        runs = [STUDY.runs[run] for run in SCALE["runs"]]
        settings["scaled"] = [run.as_dict() for run in runs]
        settings["trained_at"] = SCALE_SCENARIO["parameters"]["num_links"]
    if NOISE:
        settings["devices"] = NOISE["devices"]
        # The level at which nothing is left of the circuit, if the study has it.
        settings["floor"] = next(
            (
                name
                for name in NOISE["levels"]
                if STUDY.noise_models[name].get("depolarizing") == 1
            ),
            None,
        )
        aware = [NOISE["aware"].format(noise=name) for name in NOISE["devices"]]
        settings["noise_runs"] = [NOISE["run"], *aware]
    return settings


def noise_runs(wildcards):
    """Return training (unaware, aware) to run id, for one noise model."""
    runs = {"unaware": NOISE["run"]}
    if wildcards.noise in NOISE["devices"] + NOISE["levels"]:
        runs["aware"] = NOISE["aware"].format(noise=wildcards.noise)
    return runs


def noise_weights(wildcards):
    """Return the weights of `noise_runs`, in the same order."""
    return [
        f"{PREFIX}/training/{run}/weights.safetensors"
        for run in noise_runs(wildcards).values()
    ]


def noise_settings(wildcards):
    """Return training to the run's settings, for params."""
    return {
        training: STUDY.runs[run].as_dict()
        for training, run in noise_runs(wildcards).items()
    }


def noise_files(template, names):
    """Return ``template`` filled with noise models, each once."""
    return expand(f"{PREFIX}/noise/{template}", noise=list(dict.fromkeys(names)))


def verified_channels():
    """Return the channels of a full run: three splits of every scenario, and the pools that runs train on."""
    drawn = {
        (scenario, split)
        for scenario in STUDY.scenarios
        for split in ("train", "test", "evaluation")
    }
    drawn |= {
        (run.scenario, "pool")
        for run in STUDY.runs.values()
        if run.train_size is not None
    }
    return [f"{PREFIX}/channels/{'/'.join(names)}.nc" for names in sorted(drawn)]


def verified_tables():
    """Return the tables that the reference repeats."""
    names = ["summary", "shots", "devices", "resources"] if NOISE else []
    files = expand(f"{PREFIX}/noise/{{name}}.csv", name=names)
    return files + table_files() + claim_files() + (scale_files() if SCALE else [])
