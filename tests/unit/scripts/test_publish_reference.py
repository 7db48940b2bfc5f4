"""README, docs and the reference's pages show the reference's numbers."""

import importlib.util
from pathlib import Path

import pytest

from qgnn_d2d.report import readme

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "results" / "reference"


@pytest.fixture(scope="module")
def script():
    path = ROOT / "scripts" / "publish_reference.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def documents(script):
    return script.blocks(REFERENCE)


def test_documents_show_the_reference_numbers(documents):
    assert "README.md" in documents
    for name, blocks in documents.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert readme.splice(text, blocks) == text, name
        assert all(blocks.values())


def test_pages_show_the_reference_numbers(script):
    for name, text in script.pages(REFERENCE).items():
        assert (REFERENCE / name).read_text(encoding="utf-8") == text, name


def test_tables_of_documents_have_at_most_five_columns(documents):
    for blocks in documents.values():
        for name, block in blocks.items():
            assert not [line for line in block.splitlines() if line.startswith("|") and line.count("|") > 6], name
