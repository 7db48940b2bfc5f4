"""Resources are derived from what jobs took, and written into a profile that keeps all else."""

import importlib.util
from pathlib import Path

import pytest

from qgnn_d2d.io import write_json

ROOT = Path(__file__).parents[3]
PROFILE = """# first
show-failed-logs: true

# about the section
set-resources:
  slow: {mem_mb: 9000, runtime: 90}

  unmeasured:
    mem_mb: 9000
    runtime: 90
printshellcmds: false
"""


@pytest.fixture(scope="module")
def script():
    path = ROOT / "scripts" / "measure_resources.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_usage(folder):
    """Two processes of a script, one of which did two jobs, and one job of another."""
    jobs = {"slow/a": ("train_1", 600.0, 500.0), "slow/b": ("train_1", 500.0, 60.0), "slow/c": ("slow", 500.0, 10.0)}
    for name, (process, memory, seconds) in {**jobs, "quick": ("quick", 280.0, 2.0)}.items():
        took = {"process": process, "seconds": seconds, "cpu_seconds": 1.0, "max_rss_mb": memory}
        write_json(folder / f"{name}.json", took)


def test_the_section_is_replaced_and_nothing_else(script):
    values = {"slow": {"mem_mb": 2000, "runtime": 40}, "quick": {"mem_mb": 1500, "runtime": 5}}
    text = script.rewritten(PROFILE, values)
    assert script.declared(text) == values
    before, after = PROFILE.partition("set-resources")[0], PROFILE[PROFILE.index("printshellcmds") :]
    assert text.startswith(before) and text.endswith(after)
    assert script.rewritten(text, values) == text
    without = script.rewritten("show-failed-logs: true\n", values)
    assert script.declared(without) == values and without.startswith("show-failed-logs: true\n")


def test_resources_are_derived_from_what_processes_took(script, tmp_path, monkeypatch, capsys):
    write_usage(tmp_path)
    assert script.measured([tmp_path]).loc["slow"].tolist() == [2, 600.0, 560.0]
    profile = tmp_path / "config.yaml"
    profile.write_text(PROFILE, encoding="utf-8")
    monkeypatch.setattr(script, "PROFILE", profile)
    monkeypatch.setattr(script, "rules", lambda: ["slow", "quick", "unmeasured", "new"])
    monkeypatch.setattr("sys.argv", ["measure_resources", "--write", str(tmp_path)])
    script.main()
    assert script.declared(profile.read_text(encoding="utf-8")) == {
        "slow": {"mem_mb": 2000, "runtime": 40},
        "quick": {"mem_mb": 1500, "runtime": 5},
        "unmeasured": {"mem_mb": 9000, "runtime": 90},
    }
    assert "new: not measured; nothing declared" in capsys.readouterr().out


def test_the_time_of_a_queue_is_no_matter_of_measurement(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "QUEUED", ("slow",))
    monkeypatch.setattr(script, "rules", lambda: ["slow"])
    profile = tmp_path / "config.yaml"
    profile.write_text(PROFILE, encoding="utf-8")
    monkeypatch.setattr(script, "PROFILE", profile)
    write_usage(tmp_path)
    monkeypatch.setattr("sys.argv", ["measure_resources", "--write", str(tmp_path)])
    script.main()
    assert script.declared(profile.read_text(encoding="utf-8")) == {"slow": {"mem_mb": 2000, "runtime": 90}}
