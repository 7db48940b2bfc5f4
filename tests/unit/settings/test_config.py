"""What of a config file is refused, and in which words."""

import functools
import json
import operator
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import settings
from qgnn_d2d.settings import MODELS, SCENARIOS
from qgnn_d2d.settings import config as files
from tests.runs import ROOT
from tests.unit.settings.configs import CONFIG, REMOVED, WHOLE, changed, places

EXPERIMENT = "experiments ablation 0"

# where in the smoke config, what to put there, and what the line must name and allow
MISTAKES = {
    "an unknown key": ("sed", 1, ["'sed'", "allowed", "seed"]),
    "an unknown split": ("splits tset", 1, ["splits", "'tset'", "validation"]),
    "no splits": ("splits", {}, ["splits", "train", "missing"]),
    "no seed": ("seed", REMOVED, ["seed", "missing"]),
    "a negative seed": ("seed", -1, ["seed", "-1", "at least 0"]),
    "a seed as text": ("seed", "1e3", ["seed", "'1e3'", "integer, without point or exponent"]),
    "too large a number": ("num_seeds", 10**30, ["num_seeds", "at most 9223372036854775807"]),
    "a truth for a number": ("num_seeds", True, ["num_seeds", "True", "integer"]),
    "a folder's name": ("study", "reference", ["study", "'reference'", "another folder"]),
    "a path for a name": ("study", "../a", ["study", "'../a'", "A-Za-z0-9_-"]),
    "no such device": ("torch device", "warp", ["torch.device", "'warp'", "cpu|cuda"]),
    "a device that computes nothing": ("torch device", "meta", ["torch.device", "'meta'", "cpu|cuda"]),
    "no threads": ("torch threads", 0, ["torch.threads", "0", "at least 1"]),
    "an optimum that is on": ("scenarios rayleigh optimum", True, ["scenarios.rayleigh.optimum", "True", "or off"]),
    "too wide a gap": ("scenarios rayleigh optimum gap", 1.0, ["optimum.gap", "1.0", "at most 0.1"]),
    "too narrow a gap": ("scenarios rayleigh optimum gap", 1e-9, ["optimum.gap", "1e-09", "at least 1e-08"]),
    "no boxes for an optimum": ("scenarios rayleigh optimum max_boxes", 0, ["optimum.max_boxes", "0", "at least 1"]),
    "no cap": ("cap epochs", 0, ["cap.epochs", "0", "at least 1"]),
    "an unknown scenario key": ("scenarios rayleigh noise", 1, ["scenarios.rayleigh", "'noise'", "noise_power"]),
    "a scenario's name": (("scenarios", 7), {"kind": "rayleigh"}, ["key scenarios.7", "text"]),
    "a scenario's name as path": ("scenarios a/b", {"kind": "rayleigh"}, ["key scenarios.a/b", "'a/b'"]),
    "an unknown kind": ("scenarios rayleigh kind", "rician", ["rayleigh.kind is 'rician'", *SCENARIOS]),
    "no kind": ("scenarios rayleigh", {}, ["scenarios.rayleigh: key kind is missing"]),
    "negative noise power": ("scenarios rayleigh noise_power", -0.1, ["noise_power", "-0.1", "above 0"]),
    "one link": ("scenarios rayleigh num_links", 1, ["scenarios.rayleigh.num_links", "1", "at least 2"]),
    "pairs too far": ("scenarios geometric pair_distance_max", 1.0, ["pair_distance_max is 1.0", "at least", "2.0"]),
    "a square too small": ("scenarios geometric area_edge", 2.0, ["pair_distance_min is 2.0", "below area_edge"]),
    "an unknown model": ("models gnc", {}, ["models.gnc.base", "'gnc'", *MODELS]),
    "a model in disguise": ("models qgnn base", "gcn", ["models.qgnn.base", "'gcn'", "one of: qgnn"]),
    "a variant of a variant": ("models gcn_117 base", "gcn_461", ["models.gcn_117.base", "'gcn_461'"]),
    "an unknown option": ("models gcn_117 depth", 2, ["models.gcn_117", "'depth'", "iterations"]),
    "an option of another model": ("models gcn_117 k", 3, ["models.gcn_117", "'k'", "iterations"]),
    "an unknown circuit": ("models qgnn circuit", "qcl", ["models.qgnn.circuit", "'qcl'", "qgcl", "module:function"]),
    "a circuit that is no name": ("models qgnn circuit", "my blocks:f", ["'my blocks:f' is no circuit", "qgcl"]),
    "layers of an own circuit": (
        "models qgnn", {"circuit": "my_blocks:f", "entangling_layers": 3}, ["entangling_layers is 3", "my_blocks:f"],
    ),
    "an unknown scale": ("models qgnn_informed scale", "log", ["models.qgnn_informed.scale", "'log'", "rate"]),
    "no leaves": ("models qgnn k", 0, ["models.qgnn.k", "0", "at least 1"]),
    "as many leaves as links": ("models qgnn k", 10, ["k of run", "10", "below num_links = 10"]),
    "one width": ("models gcn_117 message_widths", [4], ["models.gcn_117.message_widths", "[4]", "at least 2"]),
    "no width": ("models gcn_117 message_widths", [4, 0], ["models.gcn_117.message_widths[1]", "0", "at least 1"]),
    "an unknown training key": ("training lr", 1, ["training", "'lr'", "learning_rate"]),
    "a number that YAML reads as text": ("training learning_rate", "1e-2", ["training.learning_rate", "1.0e-2"]),
    "all links left out": ("training drop_links", 1.0, ["training.drop_links", "1.0", "below 1"]),
    "an unknown schedule": ("training schedule", "linear", ["training.schedule", "'linear'", "cosine_step"]),
    "an unknown tuned scenario": ("tuned rician", {}, ["scenario under tuned", "'rician'", "rayleigh"]),
    "an unknown tuned protocol": ("tuned rayleigh stted", {}, ["tuned.rayleigh.stted", "stated, released"]),
    "an unknown tuned model": ("tuned rayleigh stated gnc", {}, ["tuned.rayleigh", "'gnc'", "qgnn_k9"]),
    "an unknown preset key": ("presets drop lr", 1, ["presets.drop", "'lr'", "learning_rate"]),
    "a preset's scenario": ("presets drop scenario", "geometric", ["presets.drop", "'scenario'", "learning_rate"]),
    "a preset's option of another model": ("presets drop k", 3, ["presets.drop", "model gcn", "'k'"]),
    "an unknown preset": (f"{EXPERIMENT} preset", "wide", [".preset", "'wide'", "drop"]),
    "no experiments": ("experiments", {}, ["experiments", "{}", "at least 1"]),
    "an empty experiment": ("experiments ablation", [], ["experiments.ablation", "[]", "at least 1"]),
    "another table's name": ("experiments convergence", [{"model": "gcn"}], ["'convergence'", "another table"]),
    "an unknown scenario": (f"{EXPERIMENT} scenario", "rician", ["ablation[0].scenario", "'rician'", "rayleigh"]),
    "an unknown protocol": (f"{EXPERIMENT} protocol", ["stted"], ["protocol[0]", "'stted'", "stated, released"]),
    "an unknown model of a run": (f"{EXPERIMENT} model", "gnc", ["ablation[0].model", "'gnc'", "qgnn_k9"]),
    "no model": (f"{EXPERIMENT} model", [], ["ablation[0].model", "[]", "at least 1"]),
    "an unknown key of a run": (f"{EXPERIMENT} depth", [1], ["experiments.ablation[0]", "'depth'", "layers"]),
    "an empty list": (f"{EXPERIMENT} k", [], ["experiments.ablation[0].k", "[]", "at least one"]),
    "a list in a list": (f"{EXPERIMENT} k", [[1]], ["k is [1]", "integer"]),
    "one value twice": (f"{EXPERIMENT} k", [1, 1], ["ablation[0]", "qgnn-k1", "twice"]),
    "an unknown noise model": (f"{EXPERIMENT} noise", "lago", ["ablation[0]: noise", "'lago'", "lagos_idle"]),
    "a list for a noise model": (f"{EXPERIMENT} noise", [[1]], ["ablation[0]: noise", "[1]", "lagos"]),
    "scenarios in one table": ("experiments leaves 0 scenario", ["rayleigh", "geometric"], ["leaves", "one scenario"]),
    "more training than the pool": (f"{EXPERIMENT} train_size", 49, ["train_size", "49", "splits.pool = 48"]),
    "no training": (f"{EXPERIMENT} train_size", [0], ["train_size[0]", "0", "at least 1"]),
    "more draws than the pool has": (
        f"{EXPERIMENT} train_draw", 3, ["train_draw of run", "is 3", "room for 2", "splits.pool = 48"],
    ),
    "a draw of its own size": ("experiments redraws 0 train_size", 24, ["train_size 24", "train_draw 1"]),
    "a draw of nothing to compare with": (
        "experiments redraws", [{"model": "qgnn", "k": 5, "train_draw": 1}], ["-k5-d1 needs run", "qgnn-k5", "no exp"],
    ),
    "a draw with other settings": (
        "experiments redraws", [{"model": "gcn", "epochs": 1, "train_draw": 1}], ["gcn-d1", "other settings than run"],
    ),
    "a draw of one seed": ("experiments redraws 0 num_seeds", 1, ["num_seeds", "qgnn-d1 is 1", "from 2 to the 2"]),
    "a draw of more seeds": ("experiments redraws 0 num_seeds", 3, ["num_seeds", "qgnn-d1 is 3", "from 2 to the 2"]),
    "two runs of one id": (f"{EXPERIMENT} epochs", 2, ["rayleigh-stated-qgnn", "other settings", "preset"]),
    "an unknown calibration": ("noise_models lagos device", "Lagos", ["noise_models.lagos.device", "FakePerth"]),
    "a device and a level": ("noise_models lagos depolarizing", 0.1, ["noise_models.lagos", "one of"]),
    "neither": ("noise_models lagos", {}, ["noise_models.lagos", "one of"]),
    "a level that idles": ("noise_models p1e-2 idle", True, ["noise_models.p1e-2", "idle", "calibration only"]),
    "more than all noise": ("noise_models p1e-2 depolarizing", 1.5, ["noise_models.p1e-2.depolarizing", "at most 1"]),
    "noise of an unknown run": ("noise run", "nobody", ["noise.run", "'nobody'", "rayleigh-stated-qgnn"]),
    "noise of a GCN": ("noise run", "rayleigh-stated-gcn", ["noise.run", "'rayleigh-stated-gcn'", "QGNN"]),
    "noise on noise": ("noise run", "rayleigh-stated-qgnn-lagos", ["noise.run", "without noise"]),
    "noise nobody trained under": ("noise devices", ["torino"], ["noise", "torino", "rayleigh-stated-qgnn"]),
    "a device as a level": ("noise levels", ["lagos"], ["noise.levels", "'lagos'", "p1e-2"]),
    "no shots": ("noise shots", [0], ["noise.shots[0]", "0", "at least 1"]),
    "an unknown mitigation": ("noise hardware mitigation", "none", ["noise.hardware.mitigation", "richardson"]),
    "a backend as path": ("noise hardware backend", "a/b", ["noise.hardware.backend", "'a/b'"]),
    "scale of one link": ("scale rayleigh links", [1], ["scale.rayleigh.links[0]", "1", "at least 2"]),
    "scale without the training's": (
        "scale rayleigh links", [5, 20], ["num_links", "scale.rayleigh.runs", "10", "5, 20"],
    ),
    "scale across scenarios": (
        "scale rayleigh runs", ["rayleigh-stated-qgnn", "geometric-stated-qgnn"],
        ["scale.rayleigh.runs", "'geometric'", "rayleigh"],
    ),
    "scale of the wrong protocol": (
        "scale rayleigh runs", ["rayleigh-stated-qgnn", "rayleigh-released-gcn"],
        ["stated run under scale.rayleigh.runs"],
    ),
    "constant density without an area": (
        "scale rayleigh constant_density", True, ["scale.rayleigh.runs", "constant density", "'rayleigh'", "geometric"],
    ),
    "an unknown reference": ("scale rayleigh reference", ["optimum"], ["scale.rayleigh.reference[0]", "wmmse_single"]),
    "retraining of a run that is not evaluated": (
        "scale rayleigh retrained runs", ["rayleigh-stated-gcn_small"],
        ["scale.rayleigh.retrained", "'rayleigh-stated-gcn_small'", "rayleigh-stated-gcn"],
    ),
    "retraining at home": ("scale rayleigh retrained links", [10], ["scale.rayleigh.retrained", "10", "5, 20"]),
    "retraining where nothing is evaluated": ("scale rayleigh retrained links", [30], ["30", "5, 20"]),
    "retraining with more seeds": ("scale rayleigh retrained num_seeds", 3, ["num_seeds is 3", "has 2 only"]),
    "an experiment like a scale study": (
        "experiments scale_rayleigh", [{"model": "gcn"}], ["'scale_rayleigh'", "scale study"],
    ),
    "no boxes": ("scale rayleigh max_boxes", 0, ["scale.rayleigh.max_boxes", "0", "at least 1"]),
    "gradients of no run": ("gradients run", "rayleigh-stated-gcn", ["gradients.run", "'rayleigh-stated-gcn'"]),
    "gradients of too many leaves": ("gradients k", [1, 10], ["gradients.k", "10", "below num_links"]),
    "gradients of an unknown noise model": ("gradients noise", ["no"], ["gradients.noise", "'no'", "lagos"]),
    "gradients of a single start": ("gradients starts", 1, ["gradients.starts", "1", "at least 2"]),
    "gradients of too many realizations": ("gradients realizations", 25, ["gradients.realizations", "25", "24"]),
    "an unknown run in a claim": ("claims 0 qgnn", "nobody", ["claims[0]", "'nobody'", "rayleigh-stated-qgnn"]),
    "a swept run in a claim": ("claims 0 qgnn", "rayleigh-stated-qgnn-k1", ["claims[0]", "compares models"]),
    "a claim across protocols": ("claims 0 gcn", "rayleigh-released-gcn", ["claims[0]", "released", "one protocol"]),
    "a claim across scenarios": ("claims 0 gcn", "geometric-stated-gcn", ["claims[0]", "geometric", "one scenario"]),
    "two primary pairs": ("claims 2 primary", True, ["claims[2]", "primary", "rayleigh", "stated"]),
    "a claim's unknown line": ("claims 3 wmmse", "wmmse_2", ["claims[3].wmmse", "wmmse_better_start"]),
    "a base that is no text": ("extends", ["a"], ["extends", "['a']", "text"]),
    "a base that is not there": ("extends", "nobody.yaml", ["extends", "'nobody.yaml'", "No such file"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_that_names_key_value_and_remedy(mistake):
    path, value, words = MISTAKES[mistake]
    with pytest.raises(ValueError) as caught:
        settings.load(changed((path, value)), CONFIG)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_networks_of_other_sizes_need_streams_of_their_own():
    config = changed(("experiments public_draws 0 protocol", "stated"))
    config["scale"]["rayleigh"] |= {"runs": ["public_draws-stated-gcn_released"], "retrained": None}
    line = r"scale\.rayleigh\.runs is 'public_draws'; it must be one of: rayleigh, geometric"
    with pytest.raises(ValueError, match=line):
        settings.load(config)


# A value of any type, sign and size, in the place of any other.
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 2**63, 10**30, 2.0, 1e300, -1e-300])
    | st.just(4000).map(lambda digits: 10**digits)  # Python reads no more than 4,300 from a file
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["nobody", "3", "1e-2", "rayleigh\n", "größe", "{scenario}", "{", "../../passwd", "a\0b"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=2),
    max_leaves=4,
)
KNOWN = {key for path in places(WHOLE) for key in path if isinstance(key, str)} | {"the config"}
KNOWN |= {key for kind in (*MODELS.values(), *SCENARIOS.values(), files.Entry) for key in kind.model_fields}


@given(path=st.sampled_from(places(WHOLE)), value=VALUES | st.just(REMOVED), is_new=st.booleans(), key=st.text())
def test_any_change_is_accepted_or_refused_in_one_line_that_names_a_key(path, value, is_new, key):
    if is_new:
        path = (*path[:-1], path[-1] if isinstance(path[-1], int) else key)
    try:
        study = settings.load(changed((path, value if not is_new or value is not REMOVED else 1)), CONFIG)
    except ValueError as error:
        line = str(error)
        assert line and "\n" not in line
        assert any(name in line for name in KNOWN), line
    else:
        assert study.runs and all(runs for runs in study.experiments.values())


def test_an_unknown_key_is_refused_by_name_wherever_keys_are_fixed():
    free = {"models", "presets", "scenarios", "noise_models", "experiments", "tuned", "scale"}  # whose keys are names
    closed = [()] + [path for path in places(WHOLE) if path[-1] not in free and path[0] != "tuned"]
    closed = [path for path in closed if isinstance(functools.reduce(operator.getitem, path, WHOLE), dict)]
    assert len(closed) > 40
    for path in closed:
        with pytest.raises(ValueError, match="'nobody'"):
            settings.load(changed(((*path, "nobody"), 1)), CONFIG)


# Files


@pytest.mark.parametrize("name", ["paper", "smoke"])
def test_the_configs_are_short_and_read(name):
    path = CONFIG / f"{name}.yaml"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= {"paper": 130, "smoke": 40}[name]
    assert settings.read(path).name == name


UNREADABLE = {
    "empty": "",
    "a list": "- study\n",
    "a number": "3",
    "an unclosed bracket": "study: [",
    "a tab": "study:\n\t- smoke",
    "an unknown anchor": "study: *nobody",
    "a Python object": "study: !!python/object/apply:os.system ['false']",
    "two documents": "study: a\n---\nstudy: b",
    "a key that is a list": "? [a, b]\n: 1",
    "binary": "\x00\x01",
    "nested too deep": "[" * 500,
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_files_that_are_no_config_are_refused_by_name(what, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(UNREADABLE[what], encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        files.read(file)
    assert str(caught.value).startswith(str(file)) and "\n" not in str(caught.value)


def test_files_of_another_encoding_are_refused_by_name_and_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_bytes("study: größe".encode("latin-1"))
    with pytest.raises(ValueError, match=r"config\.yaml: .*utf-8"):
        files.read(file)
    file.write_bytes(b"\xef\xbb\xbfstudy: a\r\n")
    assert files.read(file) == {"study": "a"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("seed: 1\nstudy: a\nseed: 2", r"the config: key seed stands twice \(line 3\)"),
        ("a:\n- b: {c: 1, c: 2}", r"a\[0\]\.b: key c stands twice \(line 2\)"),
        ("a: &a {b: 1}\nc: {<<: *a, b: 2, b: 3}", r"c: key b stands twice \(line 2\)"),
    ],
)
def test_keys_that_stand_twice_are_refused(text, line, tmp_path):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match=line):
        files.read(tmp_path / "config.yaml")
    files.check_keys("a: &a {b: 1}\nc: *a\nd: &d [*d]\ne: {<<: *a, b: 2}")


def written(folder, **contents):
    for name, content in contents.items():
        (folder / f"{name}.yaml").parent.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(json.dumps(content), encoding="utf-8")


def test_a_file_extends_another_key_by_key(tmp_path):
    below = {"study": "a", "splits": {"train": 1, "pool": 2}, "claims": [1, 2], "cap": {"epochs": 1}}
    written(tmp_path, base=below, middle={"extends": "base.yaml", "splits": {"train": 3, "pool": None}, "claims": [4]})
    found = files.resolved({"extends": "middle.yaml", "study": "c", "cap": None, "torch": {"threads": 2}}, tmp_path)
    assert found == {"study": "c", "splits": {"train": 3}, "claims": [4], "torch": {"threads": 2}}


def test_what_a_file_names_lies_beside_it(tmp_path):
    written(tmp_path, **{"more/base": {"search": "s.yaml", "extends": "below.yaml"}, "more/below": {"seed": 1}})
    assert files.resolved({"extends": "more/base.yaml"}, tmp_path) == {"search": "more/s.yaml", "seed": 1}


def test_files_that_extend_each_other_in_a_circle_are_refused(tmp_path):
    written(tmp_path, a={"extends": "b.yaml"}, b={"extends": "a.yaml"})
    with pytest.raises(
        ValueError, match=r"extends is 'b\.yaml'; the files b\.yaml, a\.yaml extend each other in a circle"
    ):
        settings.load({"extends": "b.yaml"}, tmp_path)


def test_settings_load_no_large_library():
    program = (
        f"import sys; from qgnn_d2d import settings; settings.read({str(CONFIG / 'smoke.yaml')!r}); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    large = {"torch", "numpy", "scipy", "pandas", "xarray", "pennylane", "qiskit", "matplotlib", "snakemake"}
    assert not large & set(printed.stdout.split())


# --- scenarios from files -----------------------------------------------------------------------------------

SITE = {"kind": "file", "path": "h.npz", "num_links": 4, "quantity": "gain", "noise_power": 0.1, "p_max": 1.0}
PATHS = {split: f"{split}.nc" for split in ("train", "test", "evaluation")}


def with_file(**options):
    site = {key: value for key, value in {**SITE, **options}.items() if value is not None}
    return changed(("scenarios site", site))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path": None}, ["scenarios.site", "path and paths", "one of them"]),
        ({"paths": PATHS}, ["scenarios.site", "path and paths", "not both"]),
        ({"path": "h.csv"}, ["scenarios.site", "path is 'h.csv'", ".npz"]),
        ({"path": None, "paths": {"train": "a.nc"}}, ["scenarios.site", "paths lacks test, evaluation"]),
        ({"path": None, "paths": {**PATHS, "tset": "a.nc"}}, ["scenarios.site.paths.tset", "train"]),
        ({"path": None, "paths": {**PATHS, "test": "a.txt"}}, ["paths.test is 'a.txt'", ".npz"]),
        ({"path": 1}, ["scenarios.site.path is 1", "text"]),
        ({"num_links": None}, ["scenarios.site", "num_links", "missing"]),
        ({"quantity": None}, ["scenarios.site", "quantity", "missing"]),
        ({"noise_power": None}, ["scenarios.site", "noise_power", "missing"]),
        ({"p_max": 0.0}, ["scenarios.site.p_max is 0.0", "above 0"]),
        ({"quantity": "complex", "unit": "dB"}, ["scenarios.site", "unit is 'dB'", "linear"]),
        ({"axes": ["receiver", "transmitter"]}, ["scenarios.site.axes", "at least 3"]),
        ({"axes": ["receiver", "transmitter", "receiver"]}, ["scenarios.site", "three different names"]),
        ({"first": -1}, ["scenarios.site.first is -1", "at least 0"]),
    ],
)  # fmt: skip
def test_a_mistake_about_a_file_is_one_line(options, words):
    with pytest.raises(ValueError) as caught:
        settings.load(with_file(**options), CONFIG)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_files_are_relative_to_the_config_that_names_them(tmp_path, monkeypatch):
    for folder in ("a/b", "c"):
        (tmp_path / folder).mkdir(parents=True)
    base = with_file(path="../data/h.npz")
    (tmp_path / "a" / "b" / "base.yaml").write_text(json.dumps(base), encoding="utf-8")
    top = {"extends": "b/base.yaml", "scenarios": {"two": SITE, "three": {**SITE, "path": "/data/h.npz"}}}
    top["scenarios"]["four"] = {**SITE, "paths": PATHS}
    del top["scenarios"]["four"]["path"]
    (tmp_path / "a" / "top.yaml").write_text(json.dumps(top), encoding="utf-8")
    expected = ["a/data/h.npz", "a/h.npz", "/data/h.npz", "a/train.nc"]
    for cwd, start in ((tmp_path, ""), (tmp_path / "c", f"{tmp_path}/")):
        monkeypatch.chdir(cwd)
        content = files.resolved(files.read(tmp_path / "a" / "top.yaml"), tmp_path / "a")
        study = settings.load(content)  # as in a job: a second time, from the working directory
        found = [study.channel_sources(name)[0] for name in ("site", "two", "three", "four")]
        assert found == [name if name.startswith("/") else start + name for name in expected]
        assert study.scenarios == settings.read(tmp_path / "a" / "top.yaml").scenarios


def test_only_files_have_sources():
    study = settings.load(with_file(), CONFIG)
    assert study.channel_sources("rayleigh") == []
    assert study.drawn_as("rayleigh") == study.scenarios["rayleigh"].text
    assert study.drawn_as("site", "train") == study.scenarios["site"].text
