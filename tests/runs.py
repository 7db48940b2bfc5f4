"""What tests and harnesses share: start Snakemake, take network or disk space from it, compare what two runs wrote."""

import contextlib
import fcntl
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
SMOKE = ROOT / "config" / "smoke.yaml"
PATIENCE = 30  # seconds for a killed process to be gone, or a disk to be there
ABOUT_THE_RUN = ("logs", "usage")  # a study's folders that no two runs have in common
HASHES = ("inputs", "outputs")  # of a job's record
MEASURED = re.compile(r"(^|_)(milli)?seconds$|_mi?b$")  # columns that no two runs have in common
LAST_BYTES = {".png": b"IEND\xaeB`\x82", ".pdf": b"%%EOF"}  # of a whole figure


def rules() -> dict[str, list[str]]:
    """Return the texts of the rules that compute, by their script; a script may be that of several rules."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))
    found: dict[str, list[str]] = {}
    for body in re.split(r"(?m)^ *rule(?: \w+)?:$", text)[1:]:
        if script := re.search(r'"../../scripts/(\w+)\.py"', body):
            found.setdefault(script[1], []).append(body)
    return found


def command(directory: Path, *arguments: str) -> list[str]:
    """Return Snakemake's command line for the repository's Snakefile in another working directory."""
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    return [*snakemake, *arguments, "--directory", str(directory)]


def _settings(directory: Path) -> dict[str, Any]:
    """The backend is one that is not there, as a notebook's is not in the workflow's environment."""
    changes = {"XDG_CACHE_HOME": str(directory / ".cache"), "MPLBACKEND": "a_notebooks"}
    return {"cwd": directory, "env": os.environ | changes}


def snakemake(directory: Path, *arguments: str, within: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run Snakemake to its end.

    Args:
        directory: Its working directory.
        arguments: Targets and options.
        within: What starts it, such as `offline` or `Disk.within`.

    Returns:
        Its exit code and all that it printed.
    """
    return subprocess.run(
        [*within, *command(directory, *arguments)], **_settings(directory), capture_output=True, text=True, check=False
    )


def once(directory: Path, *arguments: str, within: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run Snakemake as `snakemake` does, unless a process of the same test session did or does; wait for that one.

    Args:
        directory: Its working directory, of this session alone.
        arguments: Targets and options.
        within: What starts it.
    """
    directory.mkdir(exist_ok=True)
    outcome = directory.with_suffix(".json")
    with open(directory.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system gives it back when the process ends, however it does
        if not outcome.exists():
            done = snakemake(directory, *arguments, within=within)
            outcome.write_text(json.dumps([done.returncode, done.stdout, done.stderr]), encoding="utf-8")
    code, out, error = json.loads(outcome.read_text(encoding="utf-8"))
    return subprocess.CompletedProcess(command(directory, *arguments), code, out, error)


def start(directory: Path, *arguments: str, output: IO[str], within: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start Snakemake in a process group of its own; what it prints goes to ``output``."""
    return subprocess.Popen(
        [*within, *command(directory, *arguments)],
        **_settings(directory), stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process of `start` and all that it started, without a warning, and wait until they are gone.

    Raises:
        TimeoutError: They are not.
    """
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + PATIENCE
    while _is_alive(process.pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes of group {process.pid} live on after SIGKILL")
        time.sleep(0.01)


def _is_alive(group: int) -> bool:
    """Return whether a process group has a process that is no zombie; without /proc, nobody knows."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # ended meanwhile
            state, _, found = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:3]
            if int(found) == group and state not in "ZX":
                return True
    return False


@functools.cache
def offline() -> tuple[str, ...]:
    """Return what starts a command in a network namespace of its own, without a network; empty if not permitted."""
    for prefix in (("unshare", "--net"), ("unshare", "--map-root-user", "--net")):
        with contextlib.suppress(FileNotFoundError):
            if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
                return prefix
    return ()


def connects(within: Sequence[str] = ()) -> bool:
    """Return whether a process started by ``within`` reaches a server of this machine."""
    client = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=10)"
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = [*within, sys.executable, "-c", client, str(server.getsockname()[1])]
        return subprocess.run(process, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Disk:
    """A small file system that only processes started by ``within`` see at its folder.

    Attributes:
        within: What starts a command that is to see it.
        path: Where everyone else finds it.
    """

    within: tuple[str, ...]
    path: Path
    _folder: Path

    def remount(self, options: str) -> None:
        """Change its options, such as ``size=2m`` or ``ro``."""
        subprocess.run([*self.within, "mount", "-o", f"remount,{options}", str(self._folder)], check=True)


@contextlib.contextmanager
def disk(folder: Path, size: str) -> Iterator[Disk | None]:
    """Mount a file system of ``size`` on ``folder``; yield None if this machine permits no mounts.

    It lives in the mount namespace of a process that ends with this one, so nothing is left to unmount.
    """
    ways = {("unshare", "--mount"): (), ("unshare", "--map-root-user", "--mount"): ("--user", "--preserve-credentials")}
    script = 'mount -t tmpfs -o "size=$1" none "$2" && echo mounted && exec cat'
    for unshare, options in ways.items():
        if not (shutil.which("unshare") and shutil.which("nsenter")):
            break
        with subprocess.Popen(
            [*unshare, "sh", "-c", script, "sh", size, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as holder:  # fmt: skip
            if holder.stdout.readline() != b"mounted\n":
                continue
            within = ("nsenter", *options, "--mount", "--target", str(holder.pid))
            yield Disk(within, Path(f"/proc/{holder.pid}/root/{folder}"), folder)
            return
    yield None


@dataclass
class Comparison:
    """What two runs have in common, by the files' names in the study's folder."""

    same: list[Path] = field(default_factory=list)
    """The same bytes."""
    equal: list[Path] = field(default_factory=list)
    """Equal but for what was measured: times and memory, figures of them, hashes of such files."""
    different: list[Path] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)
    """In one run only."""

    @property
    def wrong(self) -> str:
        """What should not be, in one line; empty if there is nothing. To have nothing in common is wrong, too."""
        found = {"different": self.different, "in one run only": self.missing}
        wrong = [f"{what}: {', '.join(map(str, names))}" for what, names in found.items() if names]
        return "; ".join(wrong + ["no file in common"] * (not self.same and not self.equal))


def compare(one: Path, other: Path, without: Sequence[str] = ABOUT_THE_RUN) -> Comparison:
    """Compare all files that two runs of a study wrote.

    Args:
        one: The study's folder in one run, which has ended.
        other: The same in the other.
        without: Folders whose files need only exist.
    """
    found = [{path.relative_to(folder) for path in folder.rglob("*") if path.is_file()} for folder in (one, other)]
    result = Comparison(missing=sorted(found[0] ^ found[1]))
    for name in sorted(found[0] & found[1]):
        if name.parts[0] in without:
            continue
        if (one / name).read_bytes() == (other / name).read_bytes():
            result.same.append(name)
        elif unmeasured(one / name) == unmeasured(other / name):
            result.equal.append(name)
        else:
            result.different.append(name)
    return result


def unmeasured(path: Path) -> Any:
    """Return what two runs must have in common of a file."""
    if path.suffix == ".csv":
        read = pd.read_csv(path, dtype=str, keep_default_na=False)
        return read[[name for name in read.columns if not MEASURED.search(name)]].to_csv(index=False)
    if "provenance" in path.parts and path.suffix == ".json":  # the files themselves are compared
        record = json.loads(path.read_text(encoding="utf-8"))
        return record | {key: list(record[key]) for key in HASHES}
    content = path.read_bytes()
    if _shows_measured(path) and content.rstrip().endswith(LAST_BYTES[path.suffix]):
        return "a whole figure"
    return content


def _shows_measured(path: Path) -> bool:
    """Return whether a figure has times or memory among its numbers, which stand in the CSV file of its name."""
    data = path.with_suffix(".csv")
    if path.suffix not in LAST_BYTES or not data.exists():
        return False
    return any(MEASURED.search(name) for name in pd.read_csv(data, nrows=0).columns)


def tail(path: Path, lines: int = 60) -> str:
    """Return the end of a log."""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
