"""Kill the smoke study again and again, without a network, and compare what it ends with (make test-faults).

    python -m tests.faults.run [--kills N] [--seed SEED] [--only {kills,cores}] [--keep]

kills: run the study undisturbed; then in another folder, where at N random moments the whole process group is killed
(SIGKILL) and the same command started again, after the unlocking that Snakemake asks for. Nothing that stands under its
own name may ever be half written, and all results must end as those of the undisturbed run.

cores: run it on one core, too: the results must be those of two.

Where the machine permits it (unshare), every process runs in a network namespace without any network. Results are
compared byte by byte, but for measured seconds and memory. Exit code 0 if everything held. A failed test keeps its
folder.
"""

import argparse
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.runs import ABOUT_THE_RUN, SMOKE, Comparison, compare, connects, kill, offline, snakemake, start, tail

TARGETS = ("--configfile", str(SMOKE))
CORES = ("--cores", "2", "--rerun-incomplete")
PARTS = ("kills", "cores")
STUDY = Path("results", "smoke")
TIMEOUT = 4 * 3600  # seconds until a run hangs; on a busy machine one takes many times its usual minutes
POLL = 0.02  # seconds


class Failure(Exception):
    """The test failed; the message says why."""


class Moment(NamedTuple):
    """When to kill: ``seconds`` after ``progress`` was reached, but at ``latest`` once there is so much progress."""

    progress: int
    seconds: float
    latest: int


@dataclass(frozen=True)
class Killed:
    """A kill.

    Attributes:
        seconds: After Snakemake was started.
        progress: By then.
        running: Jobs that it ended; none if it came while Snakemake started, or between two jobs.
        partial: Half-written files beside their places.
        locked: Whether Snakemake refused to start again until it was unlocked.
    """

    seconds: float
    progress: int
    running: list[str]
    partial: int
    locked: bool


def unfinished(log: str) -> list[str]:
    """Return the jobs that Snakemake's output says it began and not that they ended, by the rules' messages."""
    ended = set(re.findall(r"^Finished jobid: (\d+) ", log, re.MULTILINE))
    return [message for job, message in re.findall(r"^Job (\d+): (.*)$", log, re.MULTILINE) if job not in ended]


def kill_at(
    moment: Moment,
    progress: Callable[[], int],
    directory: Path,
    study: Path,
    arguments: Sequence[str],
    config: Sequence[str],
    *,
    log: Path,
    within: Sequence[str] = (),
) -> Killed:
    """Start Snakemake, kill it, and unlock the directory if that is asked for.

    Args:
        moment: When.
        progress: Counts what the study has reached.
        directory: Working directory.
        study: The study's folder.
        arguments: Targets and options.
        config: The config's options, which unlocking needs, too.
        log: File that gets what Snakemake prints.
        within: What starts the process.

    Returns:
        What was found.

    Raises:
        Failure: The run ended before its kill, or a locked directory is not explained.
    """
    with open(log, "w", encoding="utf-8") as output:
        began = time.monotonic()
        process = start(directory, *arguments, *config, output=output, within=within)
        try:
            _wait(process, moment, progress)
            seconds = time.monotonic() - began
        finally:
            if process.poll() is None:
                kill(process)
    if process.returncode != -signal.SIGKILL:
        raise Failure(f"the run ended with {process.returncode} before its kill:\n{tail(log)}")
    done, partial = progress(), len(list(study.rglob("*.partial*")))
    running = unfinished(log.read_text(encoding="utf-8"))
    return Killed(seconds, done, running, partial, unlock(directory, arguments, config))


def _wait(process: subprocess.Popen[bytes], moment: Moment, progress: Callable[[], int]) -> None:
    """Wait for a moment, or until the process ends."""
    began, reached = time.monotonic(), None
    while process.poll() is None:
        now, done = time.monotonic(), progress()
        if reached is None and done >= moment.progress:
            reached = now
        if done >= moment.latest or (reached is not None and now - reached >= moment.seconds):
            return
        if now - began > TIMEOUT:
            raise Failure(f"{moment.progress} not reached in {TIMEOUT} s")
        time.sleep(POLL)


def unlock(directory: Path, arguments: Sequence[str], config: Sequence[str]) -> bool:
    """Unlock a directory in which a killed Snakemake left its lock, as its own message says; return whether it had.

    Raises:
        Failure: The directory is locked and no message says what to do, or doing it does not help.
    """
    if not list((directory / ".snakemake" / "locks").glob("*")):
        return False
    refused = snakemake(directory, *arguments, *config)
    said = refused.stdout + refused.stderr
    if refused.returncode == 0 or "LockException" not in said or "--unlock" not in said:
        raise Failure(f"a locked directory is not explained:\n{said[-2000:]}")
    done = snakemake(directory, "--unlock", *config)
    if done.returncode != 0 or list((directory / ".snakemake" / "locks").glob("*")):
        raise Failure(f"the directory stays locked:\n{done.stdout}{done.stderr}")
    return True


def leftovers(directory: Path, study: Path) -> list[str]:
    """Return what a finished run must not leave: half-written files, locks, marks of unfinished jobs."""
    found = [*study.rglob("*.partial*")]
    found += [path for name in ("locks", "incomplete") for path in (directory / ".snakemake" / name).glob("*")]
    return [str(path.relative_to(directory)) for path in found]


def jobs_done(study: Path) -> int:
    """Return how many jobs have left their record."""
    return sum(1 for _ in (study / "provenance").rglob("*.json"))


def moments(ends: Sequence[float], kills: int, seed: int) -> list[tuple[float, Moment]]:
    """Draw moments of the undisturbed run, and say when the disturbed one is as far.

    Args:
        ends: When its jobs ended, in seconds from its start.
        kills: How many.
        seed: Of the draws.

    Returns:
        Seconds of the undisturbed run, and the moment; none is later than the end of the last job but one, so that the
        disturbed run is not over before the kill.
    """
    ends = sorted(ends)
    draw = random.Random(seed)
    drawn = sorted(draw.uniform(0, ends[-2]) for _ in range(kills))
    result = []
    for seconds in drawn:
        done = sum(end <= seconds for end in ends)
        result.append((seconds, Moment(done, seconds - (ends[done - 1] if done else 0.0), len(ends) - 1)))
    return result


def finish(directory: Path, log: Path, cores: Sequence[str] = CORES) -> float:
    """Run the study to its end; return the seconds that it took."""
    began = time.monotonic()
    with open(log, "w", encoding="utf-8") as output:
        process = start(directory, *cores, *TARGETS, output=output, within=offline())
        try:
            code = process.wait(timeout=TIMEOUT)
        except BaseException:
            kill(process)
            raise
    if code != 0:
        raise Failure(f"snakemake ended with {code}:\n{tail(log)}")
    return time.monotonic() - began


def check(undisturbed: Path, directory: Path) -> Comparison:
    """Compare a finished run with the undisturbed one, and look for leftovers."""
    compared = compare(undisturbed / STUDY, directory / STUDY)
    wrong = "; ".join(filter(None, [compared.wrong, *leftovers(directory, directory / STUDY)]))
    if wrong:
        raise Failure(f"{directory.name}: {wrong}")
    return compared


def about(compared: Comparison) -> str:
    """Return a comparison in words."""
    total = len(compared.same) + len(compared.equal)
    return (
        f"{total} files identical: {len(compared.same)} byte by byte, {len(compared.equal)} but for measured times and "
        f"memory ({', '.join(map(str, compared.equal)) or 'none'})"
    )


def killed_study(folder: Path, kills: int, seed: int, ends: Sequence[float]) -> None:
    """Kill the study ``kills`` times, let it end, and compare it."""
    undisturbed, directory = folder / "undisturbed", folder / "killed"
    directory.mkdir()
    study, log = directory / STUDY, folder / "killed.log"
    print("kill  drawn at  after start  jobs done  lock  half-written  running", flush=True)
    began, whole = time.monotonic(), 0
    for number, (drawn, moment) in enumerate(moments(ends, kills, seed), start=1):
        found = kill_at(moment, lambda: jobs_done(study), directory, study, CORES, TARGETS, log=log, within=offline())
        lock, running = "yes" if found.locked else "no", "; ".join(found.running) or "nothing but Snakemake"
        columns = f"{number:4d}  {drawn:6.1f} s  {found.seconds:9.1f} s  {found.progress:9d}  {lock:>4}"
        print(f"{columns}  {found.partial:12d}  {running}", flush=True)
        compared = compare(undisturbed / STUDY, study, (*ABOUT_THE_RUN, "checkpoints"))
        whole += len(compared.same) + len(compared.equal)
        if compared.different:
            raise Failure(f"after kill {number}, half-written or other: {', '.join(map(str, compared.different))}")
    finish(directory, log)
    seconds = time.monotonic() - began
    compared = check(undisturbed, directory)
    again = snakemake(directory, "--dry-run", *CORES, *TARGETS)
    if "Nothing to be done" not in again.stdout + again.stderr:
        raise Failure(f"the finished study is not finished:\n{again.stdout[-2000:]}")
    print(f"with {kills} kills: {seconds:.0f} s; files found whole after a kill: {whole}")
    print(f"{kills} of {kills} kills survived: {about(compared)}", flush=True)


def main() -> int:
    """Run, compare, clean up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, help="one of the two parts")
    parser.add_argument("--kills", type=int, default=20, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=15246, help="of their moments (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    arguments = parser.parse_args()
    parts = [arguments.only] if arguments.only else PARTS
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what runs is ended then, too
    folder = Path(tempfile.mkdtemp(prefix="qgnn-faults-"))
    print(f"in {folder}", flush=True)
    try:
        if offline() and (connects(offline()) or not connects()):
            raise Failure(f"'{' '.join(offline())}' does not take the network away")
        print(f"network: {'none' if offline() else 'as it is: this machine permits no network namespace'}", flush=True)
        undisturbed = folder / "undisturbed"
        undisturbed.mkdir()
        wall = time.time()
        seconds = finish(undisturbed, folder / "undisturbed.log")
        ends = [path.stat().st_mtime - wall for path in (undisturbed / STUDY / "provenance").rglob("*.json")]
        print(f"undisturbed, two cores: {seconds:.0f} s, {len(ends)} jobs", flush=True)
        if "kills" in parts:
            killed_study(folder, arguments.kills, arguments.seed, ends)
        if "cores" in parts:
            (folder / "one-core").mkdir()
            seconds = finish(folder / "one-core", folder / "one-core.log", ("--cores", "1"))
            print(f"one core: {seconds:.0f} s; against two: {about(check(undisturbed, folder / 'one-core'))}")
    except (Failure, TimeoutError, subprocess.SubprocessError) as error:
        print(f"test-faults: {error}\ntest-faults: failed; everything is in {folder}", file=sys.stderr)
        return 1
    if not arguments.keep:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
