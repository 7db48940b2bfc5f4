"""What all rules share: the checked study, the files of `all`, wildcards."""

import json
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.0")

# For scripts in environments of their own (--software-deployment-method conda), which have the dependencies only. And
# figures are files: a notebook's backend, which jobs would inherit, is not there.
SOURCE = str(Path(workflow.basedir, "src"))
sys.path.insert(0, SOURCE)
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [SOURCE, os.environ.get("PYTHONPATH")])),
    MPLBACKEND="Agg",
)

# Snakemake starts scripts by the interpreter's path, without quotes: where it needs some, by the name, which PATH has.
if shlex.quote(sys.executable) != sys.executable:
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    os.environ.update(PATH=os.pathsep.join(folders))
    sys.executable = Path(sys.executable).name

# glibc would hand every large tensor's memory back to the system and fault it in again: up to a third of a training's time.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(32 * 2**20))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(4 * 2**30))

# For the records of scripts/_job.py, and no rule's parameter: another file of the same content repeats no job.
os.environ.update(
    QGNN_D2D_CONFIG_FILES=json.dumps([str(path) for path in workflow.configfiles])
)

from qgnn_d2d import claims, figures, settings
from qgnn_d2d.code_hash import SETTINGS, code_hash
from qgnn_d2d.settings import config as config_files
from qgnn_d2d.settings import search
from qgnn_d2d.solvers import METHODS


def load_study():
    """Return the study, its search, figures and own circuits, and what it extends in ``config``.

    Any mistake is one line. A circuit of one's own is imported and recorded, run id to name and hash.
    """
    try:
        for path in workflow.configfiles:
            config_files.read(path)  # refuses a key that stands twice
        folder = Path([*workflow.configfiles, "."][0]).parent
        whole = config_files.resolved(config, folder)
        config.clear()
        config.update(whole)
        study = settings.load(config)
        own = study.own_circuits
        if own:
            from qgnn_d2d.quantum import ansatz  # loads PennyLane
            from qgnn_d2d.quantum.engine.transfer import identity

            own = {run: identity(ansatz.build(name)) for run, name in own.items()}
        return study, search.read(study, folder), figures.for_study(study), own
    except (ValueError, OSError) as error:
        raise WorkflowError(f"config: {error}") from None


STUDY, SEARCH, FIGURES, OWN_CIRCUITS = load_study()
CONDA = str(Path(workflow.basedir, "envs", "artifact.yaml"))


def check_folder(folder):
    """Refuse a folder that nothing can be written to: Snakemake would say so in a traceback, in the middle of a run."""
    present = next(path for path in [folder, *folder.parents] if os.path.lexists(path))
    if not present.is_dir():
        raise WorkflowError(f"{present}: a file where results need a folder")
    if not os.access(present, os.W_OK | os.X_OK):
        raise WorkflowError(f"{present}: results cannot be written there (read-only)")


# In a study's folder, every name without a suffix is a folder's.
for folder in (STUDY.results, STUDY.figures, *Path(STUDY.results).glob("[!.]*")):
    if not Path(folder).suffix:
        check_folder(Path(folder))


wildcard_constraints:
    scenario="|".join(STUDY.scenarios),
    more="validation|pool",
    experiment="|".join(STUDY.experiments),
    run="|".join(STUDY.runs),
    claim="|".join(claims.IDS),
    figure="|".join(FIGURES),
    noise="|".join(STUDY.noise_models),
    scale="|".join(STUDY.config.scale),
    links="[0-9]+",


def code(script, needed=None):
    """Return a hash of a script's code, as its rule's parameter: where it has changed, Snakemake repeats the job.

    Of what is loaded by name, only ``needed`` counts, where given: names of modules, or what has an `implementation`.
    """
    if needed is not None:
        needed = [getattr(one, "implementation", one) for one in needed]
    return code_hash(Path(workflow.basedir, "scripts", f"{script}.py"), needed)


def architectures(*runs):
    """Return the models of some runs."""
    return [STUDY.runs[run].architecture for run in runs]


def figure_files(*names):
    """Return the files of the named figures."""
    return expand(
        f"{STUDY.figures}/{{name}}.{{suffix}}",
        name=names,
        suffix=["pdf", "png", "csv"],
    )


def trained_as(run, settings):
    """Return what a training depends on besides files: settings, a circuit of one's own, channels that it draws."""
    more = filter(None, [OWN_CIRCUITS.get(run), STUDY.drawn_in(run)])
    return "; ".join([settings.text, *more])


def drawn_as(figure):
    """Return what a figure is drawn from besides files: settings, and circuits of one's own; most have none."""
    of_figure = getattr(figures.FIGURES[figure], "settings", None)
    if of_figure is None:
        return ""
    return "; ".join([of_figure(STUDY), *OWN_CIRCUITS.values()])


def drawn(*names):
    """Return the records of the named figures' jobs: in a new checkout there are figures, but nothing that drew them."""
    return expand(STUDY.file("provenance", "plot_figure", "{name}.json"), name=names)


def runs_of(name, experiment):
    """Return a file of every run of an experiment."""
    return [STUDY.trained(run, name) for run in STUDY.experiments[experiment]]


def unique(lists):
    """Return all entries of lists, each once."""
    return list(dict.fromkeys(entry for entries in lists for entry in entries))


def needed(rule):
    """Return the memory and time of a script's jobs, for rules that profiles/default cannot name."""
    profile = Path(workflow.basedir, "profiles", "default", "config.yaml")
    return config_files.read(profile)["set-resources"][rule]
