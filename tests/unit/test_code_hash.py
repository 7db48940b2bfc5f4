"""What code a job runs: which edits change its hash, and which do not."""

import ast
import shutil

import pytest

from qgnn_d2d import code_hash as hashes
from qgnn_d2d.code_hash import HERE, SETTINGS, code_hash, modules
from qgnn_d2d.settings import MODELS, SCENARIOS
from qgnn_d2d.solvers import METHODS

SCRIPTS = HERE.parents[1] / "scripts"
SMALL = {
    "__init__.py": "",
    "main.py": "from .parts import first\n\ndef run():\n    from . import late\n    return first(), late\n",
    "parts/__init__.py": '"""Parts."""\n\nfrom .one import first\n',
    "parts/one.py": '"""One."""\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from .. import other\n\n'
    'def first():\n    """First."""\n    return 1\n',
    "late.py": "from .settings import OPTION\n\nLATE = OPTION\n",
    "other.py": "OTHER = 1\n",
    "settings/__init__.py": "from .option import OPTION\n",
    "settings/option.py": "OPTION = 1\n",
    "named/__init__.py": "from importlib import import_module\n\ndef load(name):\n    return import_module(name)\n",
    "named/one.py": "ONE = 1\n",
    "named/two.py": "from .. import other\n",
}
FOLLOWED = ["late", "main", "parts", "parts.one"]


@pytest.fixture
def package(tmp_path):
    """A small package that has the library's name."""
    root = tmp_path / HERE.name
    for name, text in SMALL.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def of(root, start="qgnn_d2d.main", named=None):
    """Return a hash as another process would."""
    hashes._read.cache_clear()
    hashes._paths.cache_clear()
    return code_hash(start, named, root=root)


def found(root, start, named=None):
    return [name.removeprefix("qgnn_d2d").removeprefix(".") for name in modules(start, named, root=root)][1:]


def test_imports_are_followed_also_those_within_functions_but_not_those_for_types(package):
    assert found(package, "qgnn_d2d.main") == [*FOLLOWED, "settings", "settings.option"]
    script = package.parent / "script.py"
    script.write_text("import qgnn_d2d.main\nimport qgnn_d2d_more\nimport json\n", encoding="utf-8")
    assert found(package, script) == found(package, "qgnn_d2d.main")


def test_settings_and_what_is_loaded_by_name_count_where_nothing_or_they_are_named(package):
    assert found(package, "qgnn_d2d.main", []) == FOLLOWED
    assert found(package, "qgnn_d2d.main", [SETTINGS]) == [*FOLLOWED, "settings", "settings.option"]
    assert found(package, "qgnn_d2d.named") == ["named", "named.one", "named.two", "other"]
    assert found(package, "qgnn_d2d.named", []) == ["named"]
    assert found(package, "qgnn_d2d.named", ["qgnn_d2d.named.two:function"]) == ["named", "named.two", "other"]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("parts/one.py", "return 1", "return (1)  # one"),
        ("parts/one.py", '"""First."""', '"""Number one,\n\n    in other words."""'),
        ("parts/one.py", '    """First."""\n', ""),
        ("parts/one.py", "from .. import other", "from .. import late"),
        ("main.py", "import late\n", "import late\n\n    # the end\n"),
        ("other.py", "1", "2"),
        ("named/one.py", "1", "2"),
    ],
)
def test_comments_docstrings_layout_and_what_is_not_imported_do_not_count(package, name, old, new):
    before, text = of(package), (package / name).read_text(encoding="utf-8")
    assert old in text
    (package / name).write_text(text.replace(old, new), encoding="utf-8")
    assert of(package) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("parts/one.py", "return 1", "return 2"),
        ("parts/one.py", "return 1", "return '1'"),
        ("parts/__init__.py", "import first", "import first as first"),
        ("late.py", "LATE = OPTION", "LATE = -OPTION"),
        ("settings/option.py", "1", "2"),
        ("__init__.py", "", "VERSION = 1"),
    ],
)
def test_code_counts(package, name, old, new):
    before, text = of(package), (package / name).read_text(encoding="utf-8")
    (package / name).write_text(text.replace(old, new), encoding="utf-8")
    assert of(package) != before


def test_a_script_counts_and_must_be_there(package):
    script = package.parent / "script.py"
    script.write_text("A = 1\n", encoding="utf-8")
    before = of(package, script)
    script.write_text("A = 1  # more\n", encoding="utf-8")
    assert of(package, script) == before
    script.write_text("A = 2\n", encoding="utf-8")
    assert of(package, script) != before
    with pytest.raises(FileNotFoundError):
        of(package, script.with_name("none.py"))
    with pytest.raises(ValueError, match=r"^qgnn_d2d.none is no module of .*qgnn_d2d$"):
        of(package, "qgnn_d2d.main", ["qgnn_d2d.none:function"])


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """Jobs whose hash another line at the end of a file of the library changes: a function of file and line."""
    root = tmp_path_factory.mktemp("library") / HERE.name
    shutil.copytree(HERE, root, ignore=shutil.ignore_patterns("__pycache__"))
    jobs = {
        "channels": ("generate_channels", [SCENARIOS["rayleigh"].implementation]),
        "training": ("train_model", [MODELS["gcn"].implementation]),
        "table": ("tabulate_results", None),
        "figure": ("plot_figure", [SETTINGS, "qgnn_d2d.figures.fig2"]),
        "other figure": ("plot_figure", [SETTINGS, "qgnn_d2d.figures.resources"]),
    }

    def all_jobs():
        return {job: code_hash(SCRIPTS / f"{script}.py", named, root=root) for job, (script, named) in jobs.items()}

    before = all_jobs()

    def changed(name, line):
        path = root / name
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}\n{line}\n", encoding="utf-8")
        hashes._read.cache_clear()
        after = all_jobs()
        path.write_text(text, encoding="utf-8")
        return {job for job in jobs if before[job] != after[job]}

    return changed


@pytest.mark.parametrize(
    ("file", "jobs"),
    [
        ("channels/batch.py", {"channels", "training"}),
        ("channels/rayleigh.py", {"channels"}),  # trainings follow by their inputs
        ("channels/geometric.py", set()),
        ("models/igcnet.py", {"training"}),
        ("models/released_qgnn.py", set()),
        ("training/trainer.py", {"training"}),
        ("analysis/tables.py", {"table", "figure"}),
        ("figures/fig2.py", {"figure"}),
        ("figures/style.py", {"figure", "other figure"}),
        ("settings/model.py", {"table", "figure", "other figure"}),  # labels; values are the trainings' parameters
        ("settings/documentation.py", set()),
        ("report/pages.py", {"table"}),
        ("io.py", {"channels", "training", "table", "figure", "other figure"}),
    ],
)
def test_an_edit_of_the_library_repeats_what_it_concerns(edited, file, jobs):
    assert edited(file, "_EDITED = 1") == jobs
    assert edited(file, "# edited") == set()


def calls():
    """Yield (module, function) of all calls in the library."""
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield hashes._name(path, HERE), hashes._called(node)


def test_all_that_loads_by_name_is_known_and_loads_what_lies_beside_it():
    by_name = {module for module, called in calls() if called in hashes._BY_NAME}
    of_the_library = {f"qgnn_d2d.{name}" for name in ("channels.draws", "claims", "figures", "models", "solvers")}
    # Names that the library itself imports from where they are; the user's own circuits and backends.
    others = {f"qgnn_d2d.{name}" for name in ("quantum", "own_code")}
    assert by_name == of_the_library | others
    other_ways = {"__import__", "exec", "module_from_spec", "run_module", "run_path"}
    assert not [module for module, called in calls() if called in other_ways]
    kinds = {"channels": SCENARIOS.values(), "models": MODELS.values(), "solvers": METHODS.values()}
    for package, entries in kinds.items():
        for entry in entries:
            assert entry.implementation.startswith(f"qgnn_d2d.{package}."), entry.implementation
