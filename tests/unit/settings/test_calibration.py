"""Calibration files, and the noise models that name them."""

import json

import pytest

from qgnn_d2d import settings
from qgnn_d2d.settings import NoiseModel, RunSettings, calibration
from qgnn_d2d.settings import config as files
from qgnn_d2d.settings.noise import with_flags
from tests.calibrations import content, write
from tests.unit.settings.configs import WHOLE, changed

RUN = "rayleigh-stated-qgnn-mine"


def test_a_file_says_what_it_says(tmp_path):
    found, digest = calibration.read(write(tmp_path / "mine.json", content(readout=[0.1, 0.2, 0.3])))
    assert (found.device, found.two_qubit_gate, found.dt_s, found.date) == ("tiny", "cx", 4e-9, None)
    assert found.coupling == [(0, 1), (1, 2)]
    assert [qubit.reads_0_in_1 for qubit in found.qubits] == [0.1, 0.2, 0.3]
    assert found.qubits[2].misread == pytest.approx(0.3)
    assert len(digest) == 64


def test_half_a_readout_is_no_readout():
    qubit = calibration.QubitCalibration(reads_1_in_0=0.1)
    assert qubit.misread is None and calibration.QubitCalibration(reads_0_in_1=0.1).misread is None


def put(value, *path):
    """Return a calibration file's content with one value changed."""
    data = content()
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return data


MISTAKES = {
    "another format": (put(2, "format"), ["calibration.format is 2", "one of: 1"]),
    "no format": ({k: v for k, v in content().items() if k != "format"}, ["key format is missing"]),
    "an unknown key": (put(1, "qubits", 0, "t1"), ["calibration.qubits[0]", "unknown key 't1'", "t1_s"]),
    "a negative time": (put(-1.0, "qubits", 2, "t1_s"), ["calibration.qubits[2].t1_s is -1.0", "above 0"]),
    "a percentage": (put(2.5, "pairs", 1, "error"), ["calibration.pairs[1].error is 2.5", "at most 1"]),
    "text": (put("1e-3", "qubits", 1, "sx", "error"), ["calibration.qubits[1].sx.error is '1e-3'", "a number"]),
    "not a number": (put(float("nan"), "qubits", 0, "reads_1_in_0"), ["qubits[0].reads_1_in_0 is nan", "finite"]),
    "an unknown gate": (put("iswap", "two_qubit_gate"), ["calibration.two_qubit_gate is 'iswap'", "cx, cz, ecr"]),
    "a qubit that is not there": (put([0, 4], "pairs", 0, "qubits"), ["pairs[0].qubits is [0, 4]", "below 4"]),
    "a pair of one": (put([1, 1], "pairs", 0, "qubits"), ["pairs[0].qubits is [1, 1]", "two different qubits"]),
    "a pair twice": (put([1, 2], "pairs", 0, "qubits"), ["pairs[1].qubits is [1, 2]", "twice"]),
    "two qubits": (put(content()["qubits"][:2], "qubits"), ["calibration.qubits is", "at least 3"]),
    "no pairs": (put([], "pairs"), ["calibration.pairs is []", "at least 1"]),
    "a date that is none": (put("yesterday", "date"), ["calibration.date is 'yesterday'"]),
    "a name with a bar": (put("a|b", "device"), ["calibration.device is 'a|b'"]),
    "a list": ([], ["calibration is []", "a mapping"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_that_names_file_key_value_and_remedy(tmp_path, mistake):
    data, words = MISTAKES[mistake]
    path = write(tmp_path / "mine.json", data)
    for read in (calibration.read, lambda path: NoiseModel(calibration=path)):
        with pytest.raises(ValueError) as caught:
            read(path)
        assert all(word in str(caught.value) for word in [path, *words]), str(caught.value)
    with pytest.raises(ValueError) as caught:
        settings.load(changed(("noise_models mine", {"calibration": path})))
    assert str(caught.value).startswith(f"noise_models.mine: {path}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not a JSON file"), ("", "not a JSON file"), ('{"format": 1, "format": 1}', "key format stands twice"),
        ('{"device": "\x00"}', "not a JSON file"), ("[" * 100_000, "not a JSON file"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_in_a_line(tmp_path, text, words):
    path = tmp_path / "mine.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=words) as caught:
        calibration.read(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused_in_a_line(tmp_path):
    for path in (tmp_path / "nobody.json", tmp_path):
        with pytest.raises(ValueError, match=f"{path}: (No such file|Is a directory)"):
            calibration.read(path)


# ---------------------------------------------------------------------------------------------------------------------
# In a study


def with_device(path, **options):
    """Return a study with a device of one's own, and a run that is trained under it."""
    device = {"calibration": str(path), **options}
    run = {"model": "qgnn", "noise": ["lagos", "mine", "p1e-2"]}
    return changed(
        ("noise_models mine", device), ("experiments device_noise", [run]), ("noise devices", ["lagos", "mine"])
    )


def test_a_device_of_ones_own_trains_and_evaluates(tmp_path):
    path = write(tmp_path / "mine.json", content())
    study = settings.load(with_device(path, line=[1, 2, 3]))
    noise = study.runs[RUN].architecture.noise
    assert (noise.calibration, noise.line, noise.device) == (path, [1, 2, 3], None)
    assert study.aware("mine") == RUN
    assert list(with_flags({"mine": noise})) == ["mine", "mine_idle", "mine_inverted"]
    assert study.noise_models["mine_idle"].sha256 == noise.sha256


def texts(study):
    return {
        "mine": study.runs[RUN].text,
        "noise": study.noise_text("mine"),
        "gcn": study.runs["rayleigh-stated-gcn"].text,
    }


def test_another_content_is_another_run(tmp_path):
    """So that Snakemake repeats what depends on it, and no checkpoint of the old device is taken."""
    path = tmp_path / "mine.json"
    write(path, content())
    first, again = (settings.load(with_device(path)) for _ in range(2))
    assert texts(first) == texts(again)
    write(path, content(errors={(0, 1): 0.01, (1, 2): 0.011}))
    second = settings.load(with_device(path))
    assert {name for name, text in texts(second).items() if text != texts(first)[name]} == {"mine", "noise"}
    assert second.runs[RUN].as_dict() != first.runs[RUN].as_dict()


def test_a_manifest_is_read_without_the_file(tmp_path):
    path = tmp_path / "mine.json"
    run = settings.load(with_device(write(path, content()))).runs[RUN]
    path.unlink()
    assert RunSettings.from_dict(json.loads(json.dumps(run.as_dict()))) == run


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        ({"device": "FakePerth", "depolarizing": 0.1}, "one of the keys device, calibration, depolarizing"),
        ({}, "one of the keys device, calibration, depolarizing"),
        ({"sha256": "a" * 64, "device": "FakePerth"}, "sha256 goes with the key calibration only"),
        ({"depolarizing": 0.1, "idle": True}, "line, idle and invert_readout go with"),
    ],
)
def test_a_noise_model_is_one_of_three(noise, words):
    with pytest.raises(ValueError, match=words):
        NoiseModel(**noise)


def test_a_device_and_a_file_are_refused(tmp_path):
    path = write(tmp_path / "mine.json", content())
    with pytest.raises(ValueError, match="one of the keys device, calibration, depolarizing"):
        NoiseModel(device="FakePerth", calibration=path)


def test_calibrations_are_relative_to_the_config_that_names_them(tmp_path, monkeypatch):
    for folder in ("a/b", "c"):
        (tmp_path / folder).mkdir(parents=True)
    write(tmp_path / "a" / "mine.json", content())
    base = changed(("noise_models mine", {"calibration": "../mine.json"}), config=WHOLE)
    (tmp_path / "a" / "b" / "base.yaml").write_text(json.dumps(base), encoding="utf-8")
    top = {"extends": "b/base.yaml", "noise_models": {"two": {"calibration": "mine.json"}}}
    (tmp_path / "a" / "top.yaml").write_text(json.dumps(top), encoding="utf-8")
    for cwd, expected in ((tmp_path, "a/mine.json"), (tmp_path / "c", f"{tmp_path}/a/mine.json")):
        monkeypatch.chdir(cwd)
        content_of = files.resolved(files.read(tmp_path / "a" / "top.yaml"), tmp_path / "a")
        study = settings.load(content_of)  # as in a job: a second time, from the working directory
        assert [study.noise_models[name].calibration for name in ("mine", "two")] == [expected] * 2
