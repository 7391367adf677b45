"""Snakemake, a config's runs one at a time, with signals passed on: `python -m workflow.driver` takes its arguments.

Snakemake waits for running jobs when it is asked to stop, for hours if it must. Here SIGTERM and SIGINT go to the
jobs as well: a search saves its state, every stage ends within seconds and leaves nothing half-written, and the
next run goes on from there. A run that is killed outright takes Snakemake and its jobs with it; the lock that it
leaves is removed by the next run, which can tell it from that of a run still going.
"""

import ctypes
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from lawpipe.run import stage
from lawpipe.run.errors import InputError
from lawpipe.run.signals import SIGNALS

SNAKEMAKE = (sys.executable, "-m", "snakemake")

#: Where Snakemake keeps its own files, in the working folder; its lock is a file in LOCKS.
FOLDER = Path(".snakemake")
LOCKS = FOLDER / "locks"

#: What Snakemake is asked for where it changes nothing.
HARMLESS = {"-n", "--dry-run", "--dryrun", "--lint", "--version", "--help", "-h"}

#: Linux's prctl: the signal that a process gets when its parent has died.
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run Snakemake in a process group of its own, and exit as it does; 128 + the signal's number if stopped.

    Raises InputError if another run is at work in the folder, or the folder cannot be written.
    """
    arguments = sys.argv[1:]
    if HARMLESS.intersection(arguments):
        sys.exit(subprocess.run([*SNAKEMAKE, *arguments], check=False).returncode)
    own = lock_file(arguments)
    with alone(own) as (kept_open, was_killed):
        # Snakemake removes all locks or none: while a run of another config goes on, they stay.
        beside = _others(own)
        if was_killed and _locked() and not beside:
            print("an earlier run was killed: removing its lock", file=sys.stderr, flush=True)
            _unlock()
        foreign = _locked() and not beside
        settle_clock(time.time())
        code, asked = _run(arguments, kept_open)
        if code < 0 and not foreign and not _others(own):
            _unlock()  # Snakemake itself was killed
    if foreign and code:
        raise InputError(
            f"{Path.cwd()} is locked by Snakemake: another one is at work in this folder, or one was killed; wait "
            "for it, or, if there is none, remove its lock with snakemake --unlock."
        )
    sys.exit(128 + asked if asked else 128 - code if code < 0 else code)


def lock_file(arguments: list[str]) -> Path:
    """Return the file that a run holds, one for the config files that are named: others have other results."""
    named: list[str] = []
    reading = False
    for text in arguments:
        reading = text in ("--configfile", "--configfiles") if text.startswith("-") else reading
        named += [text] if reading else []
    return FOLDER / f"lawpipe-{hashlib.sha256(chr(10).join(named).encode()).hexdigest()[:8]}.lock"


def _run(arguments: list[str], kept_open: int) -> tuple[int, int | None]:
    """Run Snakemake; return its exit code, and the number of the first signal that asked to stop."""
    asked: list[int] = []
    snakemake = subprocess.Popen(
        [*SNAKEMAKE, *arguments], start_new_session=True, pass_fds=(kept_open,), preexec_fn=_die_with_parent
    )

    def pass_on(number: int, frame: FrameType | None) -> None:
        if not asked:
            print("stopping: running searches save their state first", file=sys.stderr, flush=True)
        asked.append(number)
        # SIGTERM, whatever was sent: Snakemake kills jobs outright on SIGINT.
        os.killpg(snakemake.pid, signal.SIGTERM)

    for each in SIGNALS:
        signal.signal(each, pass_on)
    return snakemake.wait(), asked[0] if asked else None


def _die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies; the stages see that and stop."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _locked() -> bool:
    """Tell whether Snakemake's lock is on the working folder."""
    return any(LOCKS.glob("*.lock"))


def _unlock() -> None:
    """Remove Snakemake's lock from the working folder, as its --unlock does, but without a process to be killed."""
    for path in LOCKS.glob("*.lock"):
        path.unlink(missing_ok=True)


def _others(own: Path) -> bool:
    """Tell whether runs of other configs are at work in the folder."""
    for path in FOLDER.glob("lawpipe-*.lock"):
        with path.open() as file:
            try:
                # `own` is held by this process: it would find itself.
                if path != own:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


@contextmanager
def alone(own: Path) -> Iterator[tuple[int, bool]]:
    """Hold a lock file for this run and what it starts; yield the open file and whether a run was killed.

    The kernel lets go of the file's lock when the last process that has it open ends, however it ends. The file
    holds the run's process number until it has ended well, so a number in a file that is free is that of a run
    which was killed.
    """
    try:
        own.parent.mkdir(exist_ok=True)
        file = own.open("a+", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{own.absolute()} cannot be written ({os.strerror(error.errno or 0)}): expected a working folder "
            "that this user may write to; run lawpipe in one of your own."
        ) from error
    with file:
        file.seek(0)
        before = file.read().strip()
        try:
            _hold(file.fileno())
        except BlockingIOError:
            raise InputError(
                f"another run of this config (process {before}) is at work in {Path.cwd()}: wait until it is done, "
                f"or stop it with kill {before}."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno(), bool(before)
        file.truncate(0)


def _hold(file: int, patience: float = 1.0) -> None:
    """Lock a file; raise BlockingIOError if it stays another's: what was killed may take a moment to be gone."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def settle_clock(now: float) -> None:
    """Date results from the future back to now, in their order: the clock was ahead when they were written.

    Snakemake takes a file that is older than what it was made from for outdated, and stops at one that it has just
    made and that is older than its input.
    """
    dates: dict[Path, int] = {}
    for path in Path().glob("results*/**/*"):
        with suppress(FileNotFoundError):  # a run of another config may have removed it
            dates[path] = path.stat().st_mtime_ns
    ahead = sorted((date, path) for path, date in dates.items() if date > now * 1e9 and path.is_file())
    for place, (_, path) in enumerate(ahead):
        date = int(now * 1e9) - len(ahead) + place
        with suppress(PermissionError, FileNotFoundError):
            os.utime(path, ns=(date, date))
    if ahead:
        print(f"{len(ahead)} results are dated in the future: dated back to now", file=sys.stderr, flush=True)


if __name__ == "__main__":
    stage.run(main)
