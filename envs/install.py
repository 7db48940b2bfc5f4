"""Build .venv from envs/requirements.lock, for `make`: python envs/install.py. Needs Python alone.

The marker comes first and the stamp last: a .venv with a marker and no stamp is half made, and is built from nothing;
one without either was not built here, and stays as it is.

TORCH_INDEX names the index of PyTorch's CPU builds. It is asked on Linux, where pip's own index may have a build for
CUDA, some 3 GB, and only where pip's own index does not serve the CPU build itself. Empty: pip's own index, whatever it
has. All packages are held to the lock's hashes, except for this build of torch, which is held to its version.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "envs" / "requirements.lock"
VENV = ROOT / ".venv"
MARKER, STAMP = ".made_by_make", ".complete"
PATIENCE = ("--timeout", "10", "--retries", "1")  # with an index that may not be reached from here


def refusal(folder: Path) -> str:
    """Return why there can be no .venv at a path, in one line; nothing where there can."""
    if os.pathsep in str(folder):
        return f"{folder}: the path has a {os.pathsep!r}, which PATH cannot hold; move the checkout"
    ours = not folder.is_symlink() and any((folder / name).is_file() for name in (MARKER, STAMP))
    if os.path.lexists(folder) and not ours:
        return f"{folder}: not built by make, so it stays as it is; move it or delete it, then run make again"
    return ""


def pip(*arguments: str) -> list[str]:
    """Return the command line of .venv's pip."""
    return [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]


def run(command: list[str]) -> None:
    """Run a command without what the caller's environment adds to Python; stop if it fails."""
    done = subprocess.run(command, cwd=ROOT, env=environment(), check=False)
    if done.returncode:
        sys.exit(f"building .venv failed: {' '.join(command[1:5])} ... ended with {done.returncode}")


def environment() -> dict[str, str]:
    """Return the caller's environment without its Python packages."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"PYTHONNOUSERSITE": "1"}


def torch_pin(lock: str) -> str:
    """Return the version of torch in a lock."""
    found = re.search(r"(?m)^torch==([\w.]+)", lock)
    if found is None:
        sys.exit(f"{LOCK}: no line torch==VERSION")
    return found[1]


def install_torch(version: str, index: str) -> None:
    """Install the CPU build of torch, and say where it is from; without one, what pip's own index has."""
    cpu = f"torch=={version}+cpu"
    served = subprocess.run(pip("index", "versions", "torch"), env=environment(), capture_output=True, text=True).stdout
    if re.search(rf"[ ,]{re.escape(version)}\+cpu(,|$)", served, re.MULTILINE):
        print(f"torch {version}+cpu: pip's own index has it", flush=True)
        return run(pip("install", "-qq", "--no-deps", cpu))
    command = pip("install", "-qq", "--no-deps", *PATIENCE, "--index-url", index, cpu)
    if index and not subprocess.run(command, env=environment(), capture_output=True).returncode:
        return print(f"torch {version}+cpu: from {index}", flush=True)
    why = f"{cpu} could not be had from {index}" if index else "TORCH_INDEX is empty"
    print(f"torch {version}: {why}; from pip's own index, on Linux mostly a build for CUDA (3 GB)", flush=True)
    run(pip("install", "-qq", f"torch=={version}"))


def main() -> None:
    """Build .venv."""
    if line := refusal(VENV):
        sys.exit(line)
    print(
        f"building .venv with Python {sys.version.split()[0]} from {LOCK.relative_to(ROOT)}: minutes, once", flush=True
    )
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    (VENV / MARKER).touch()
    run([sys.executable, "-m", "venv", str(VENV)])
    if sys.platform == "linux":
        install_torch(torch_pin(LOCK.read_text(encoding="utf-8")), os.environ.get("TORCH_INDEX", ""))
    run(pip("install", "-qq", "--no-deps", "--require-hashes", "-r", str(LOCK)))
    run(pip("install", "-qq", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)))
    run(pip("check"))
    (VENV / STAMP).write_text(f"{ROOT}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
