"""Run the smoke study through a real Slurm on this machine and compare it with a local run (make test-slurm).

    python -m tests.slurm.run [--keep]

Needs root and Debian's packages slurm-wlm, slurm-client and munge; installs nothing. Slurm, a munge of its own and two
copies of the checkout live in one temporary folder; only slurm.conf must stand in /etc/slurm, and is taken away again.
Exit code 0 if every Slurm job is COMPLETED and all results are those of the local run. A failed test keeps its folder.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from qgnn_d2d.artifact import usage
from tests.runs import ROOT, compare, tail

TEMPLATE = Path(__file__).with_name("slurm.conf")
CONF = Path("/etc/slurm/slurm.conf")  # the executor plugin strips SLURM_* variables, SLURM_CONF too
OURS = TEMPLATE.read_text(encoding="utf-8").partition("\n")[0]
DAEMONS = ("slurmd", "slurmctld", "munged")  # in the order in which they are stopped
TOOLS = (*DAEMONS, "mungekey", "sbatch", "srun", "squeue", "sinfo", "scancel", "scontrol")
PATIENCE = 30  # seconds for a daemon to start or stop
TIMEOUT = 3600  # seconds for a run: a job that asks for more than the node has would wait for ever
CONFIG = ("--configfile", "config/smoke.yaml")
RESULTS = Path("results", "smoke")
PROFILE = "workflow/profiles/slurm"
SUBMITTED = re.compile(r"submitted with SLURM jobid (\d+) \(log: .*/slurm_logs/(group|rule)_([^/]+)/")


class Failure(Exception):
    """The test failed, or cannot be run here; the message says why."""


def wait(condition: Callable[[], bool], what: str) -> None:
    """Wait until ``condition()``; say ``what`` did not happen if it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"{what} within {PATIENCE} s")
        time.sleep(0.1)


def succeeds(*command: str) -> bool:
    """Return whether a command ends without an error."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def output(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def check_machine() -> None:
    """Say what is missing, before anything is written."""
    if os.geteuid() != 0:
        raise Failure("root is needed: Slurm starts jobs as their user")
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin"  # where the daemons are; not in everyone's path
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise Failure(f"not installed: {', '.join(missing)}; on Debian: apt-get install slurm-wlm slurm-client munge")
    if CONF.exists() and not CONF.read_text(encoding="utf-8").startswith(OURS):
        raise Failure(f"{CONF} belongs to another Slurm; it is left alone, so this machine cannot run the test")


def stop(pid_file: Path) -> None:
    """End the daemon that wrote ``pid_file``, if it runs."""
    name = pid_file.stem
    with contextlib.suppress(FileNotFoundError, ValueError):
        pid = int(pid_file.read_text(encoding="utf-8"))
        if is_running(pid, name):  # if not, the file is old and the number perhaps another process's by now
            os.kill(pid, signal.SIGTERM)
            wait(lambda: not is_running(pid, name), f"{name} did not stop")


def is_running(pid: int, name: str) -> bool:
    """Return whether process ``pid`` is ``name`` and alive."""
    try:
        found, state = re.search(r"\((.*)\) (\w)", Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")).groups()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return found == name and state != "Z"


def stop_cluster(folder: Path) -> None:
    """Stop what `cluster` started in ``folder`` and take its slurm.conf away."""
    try:
        for name in DAEMONS:
            stop(folder / f"{name}.pid")
    finally:
        CONF.unlink(missing_ok=True)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[None]:
    """Run munge and a Slurm of one node, with all of their files in ``folder``."""
    if CONF.exists():  # a test that was killed
        left = re.search(r"^SlurmdSpoolDir=(.*)/spool$", CONF.read_text(encoding="utf-8"), re.MULTILINE)
        if left:
            stop_cluster(Path(left[1]))
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    ports = []
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            free = stack.enter_context(socket.socket())
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    settings = {
        "host": socket.gethostname().partition(".")[0],
        "controller_port": ports[0],
        "node_port": ports[1],
        "folder": folder,
        "processors": os.cpu_count(),
        "memory": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20 * 9 // 10,
    }
    try:
        files = [f"--{name}-file={folder}/munged.{name}" for name in ("key", "log", "pid", "seed")]
        subprocess.run(["mungekey", "--create", f"--keyfile={folder}/munged.key"], check=True)
        subprocess.run(["munged", f"--socket={folder}/munge.socket", *files], check=True)
        CONF.parent.mkdir(exist_ok=True)
        CONF.write_text(TEMPLATE.read_text(encoding="utf-8").format(**settings), encoding="utf-8")
        subprocess.run(["slurmctld"], check=True)
        wait(lambda: succeeds("scontrol", "ping"), "slurmctld did not answer")
        subprocess.run(["slurmd"], check=True)
        wait(lambda: "idle" in output("sinfo", "--noheader", "--format=%T"), "the node was not idle")
        yield
    finally:
        try:
            if CONF.exists() and succeeds("scontrol", "ping"):
                subprocess.run(["scancel", "--user=root", "--quiet"], check=False)
                wait(lambda: not output("squeue", "--noheader"), "jobs did not end")
        finally:
            stop_cluster(folder)


def copy_checkout(target: Path) -> None:
    """Copy what a fresh clone has: no environment, no results."""

    def ignored(folder: str, names: list[str]) -> list[str]:
        if Path(folder) == ROOT:
            return [name for name in names if name.startswith(".")]
        if Path(folder) == ROOT / "results":
            return [name for name in names if name not in ("reference", "README.md")]
        return [name for name in names if name == "__pycache__"]

    shutil.copytree(ROOT, target, ignore=ignored)


def run_study(folder: Path, log: Path, *options: str) -> float:
    """Run the smoke study in ``folder``; return the seconds that it took."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # the Snakefile sets it
    environment |= {"XDG_CACHE_HOME": str(folder.parent / "cache"), "MPLBACKEND": "Agg"}
    command = [sys.executable, "-m", "snakemake", *options, *CONFIG]
    print(f"{folder.name}: snakemake {' '.join(command[3:])}", flush=True)
    start = time.monotonic()
    with open(log, "w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = process.wait(timeout=TIMEOUT)
        except BaseException:
            process.send_signal(signal.SIGINT)  # cancels its jobs; on SIGTERM it would wait for them
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=2 * PATIENCE)
            process.kill()
            raise
    if code != 0:
        raise Failure(f"snakemake ended with {code}:\n{tail(log)}")
    return time.monotonic() - start


def check_jobs(submitted: Path, completed: Path, took: Path) -> int:
    """Compare the jobs that Snakemake submitted with those in Slurm's job-completion log and with the study's own.

    Args:
        submitted: What Snakemake printed; each submission's line ends in the job's log, in a folder named after its
            rule, or its group and the group's rules.
        completed: Slurm's job-completion log.
        took: The study's folder ``usage``, with a file per job, which names its rule.

    Returns:
        How many Slurm jobs there are.

    Raises:
        Failure: A job did not end well, or a rule's jobs were run elsewhere.
    """
    asked = SUBMITTED.findall(submitted.read_text(encoding="utf-8"))
    ended = dict(re.findall(r"^JobId=(\d+) .*?JobState=(\S+)", completed.read_text(encoding="utf-8"), re.MULTILINE))
    states = Counter(ended.get(job, "not in Slurm's log") for job, *_ in asked)
    if not asked or set(states) != {"COMPLETED"} or {job for job, *_ in asked} != set(ended):
        raise Failure(f"Snakemake submitted {len(asked)} jobs, Slurm's log holds {len(ended)}: {dict(states)}")
    groups = yaml.safe_load((ROOT / PROFILE / "config.yaml").read_text(encoding="utf-8"))["groups"]
    jobs = usage.read(took)
    made = Counter(jobs["process"])
    made.update({name: 1 - made[name] for name in set(jobs["process"]) - set(jobs["rule"])})  # one process, many jobs
    alone = Counter(name for _, kind, name in asked if kind == "rule")
    together = [name for _, kind, name in asked if kind == "group"]
    wrong = [
        f"{rule}: {alone[rule]} Slurm jobs for {count} processes" for rule, count in sorted(made.items())
        if rule not in groups and alone[rule] != count
    ]  # fmt: skip
    wrong += [
        f"{rule}: no Slurm job of the group {groups[rule]}" for rule in sorted(made)
        if rule in groups and not any(name.startswith(f"{groups[rule]}_") for name in together)
    ]  # fmt: skip
    if wrong or not made:
        raise Failure("; ".join(wrong) or f"{took}: no jobs")
    return len(asked)


def comparison(local: Path, remote: Path) -> str:
    """Compare all that the two runs wrote, but their logs and what they took; return what to say about it."""
    compared = compare(local / RESULTS, remote / RESULTS)
    if compared.wrong:
        raise Failure(compared.wrong)
    equal = ", ".join(map(str, compared.equal)) or "none"
    return f"{len(compared.same)} files are the same bytes; but for measured times and memory also: {equal}"


def main() -> int:
    """Run, compare, clean up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the machine is restored then, too
    try:
        check_machine()
    except Failure as error:
        print(f"test-slurm: {error}", file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="qgnn-slurm-"))
    folder.chmod(0o755)  # munge wants its socket to be within reach of all users
    print(f"in {folder}", flush=True)
    try:
        local, remote = folder / "local", folder / "slurm"
        copy_checkout(local)
        copy_checkout(remote)
        seconds = run_study(local, folder / "local.log", "--cores", "2")
        print(f"local: {seconds:.0f} s", flush=True)
        with cluster(folder / "cluster"):
            seconds = run_study(remote, folder / "slurm.log", "--profile", PROFILE)
        jobs = check_jobs(folder / "slurm.log", folder / "cluster" / "jobs.txt", remote / RESULTS / "usage")
        steps = re.findall(r"(\d+) of \1 steps", (folder / "slurm.log").read_text(encoding="utf-8"))
        print(f"slurm: {seconds:.0f} s, {jobs} Slurm jobs for {steps[-1]} steps, all COMPLETED in Slurm's own log")
        print(comparison(local, remote))
    except (Failure, subprocess.SubprocessError) as error:
        print(f"test-slurm: {error}\ntest-slurm: failed; everything is in {folder}", file=sys.stderr)
        return 1
    if not arguments.keep:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
