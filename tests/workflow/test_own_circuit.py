"""A study with a circuit of one's own, as docs/engine.md has it: trained, trained again when its gates change."""

import re
from contextlib import contextmanager

import pytest
import yaml

from qgnn_d2d.io import read_json, read_tensors
from tests.runs import ROOT

RUN = "rayleigh-stated-zz"
WEIGHTS = f"results/mine/training/{RUN}/weights.safetensors"
PAGE = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")


def shown(language, words):
    """A block of the page with these words."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if words in block]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The page's files, with fewer realizations and epochs."""
    folder = tmp_path_factory.mktemp("own")
    config = yaml.safe_load(shown("yaml", "my_blocks:zz_block"))
    config |= {"splits": dict.fromkeys(config["splits"], 4), "num_seeds": 1}
    config["training"] |= {"epochs": 1, "batch_size": 4}
    (folder / "mine.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "my_blocks.py").write_text(shown("python", "def zz_block"), encoding="utf-8")
    return folder


def run(snakemake, folder, *arguments):
    done = snakemake(folder, *arguments, "--cores", "1", "--configfile", str(folder / "mine.yaml"))
    return done.returncode, done.stdout + done.stderr


def test_a_block_beside_the_config_is_trained(folder, snakemake):
    code, printed = run(snakemake, folder, WEIGHTS, "fig1_circuit")
    assert code == 0, printed[-4000:]
    _, header = read_tensors(folder / WEIGHTS)
    assert re.fullmatch("my_blocks:zz_block [0-9a-f]{16}", header["circuit"])
    manifest = read_json(folder / WEIGHTS.replace("weights.safetensors", "manifest.json"))
    assert manifest["num_parameters"]["quantum"] == 2 * 4


@contextmanager
def edited(folder, before, after):
    """The block with a change."""
    block = folder / "my_blocks.py"
    text = block.read_text(encoding="utf-8")
    assert before in text
    block.write_text(text.replace(before, after), encoding="utf-8")
    yield
    block.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("after", "trains"), [("# a comment\n    qml.RX", False), ("qml.RY", True)])
def test_a_change_of_gates_trains_again_and_a_comment_does_not(folder, snakemake, after, trains):
    assert (folder / WEIGHTS).exists()
    with edited(folder, "qml.RX", after):
        code, printed = run(snakemake, folder, "--dry-run", WEIGHTS)
    assert code == 0 and ("Training all seeds" in printed) == trains, printed[-2000:]


def test_a_block_that_is_none_stops_at_once_with_one_line(folder, snakemake):
    with edited(folder, "weights[3]", "2 * weights[3]"):
        code, printed = run(snakemake, folder, "--dry-run", WEIGHTS)
    lines = [line.strip() for line in printed.splitlines() if line.strip().startswith("config:")]
    assert code != 0 and len(lines) == 1 and "Traceback" not in printed
    assert lines[0].startswith("config: ansatz my_blocks:zz_block: RX takes an angle that is no entry of the weights")
