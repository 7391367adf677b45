"""Snakemake with clean stops: `python -m workflow.driver` takes Snakemake's own arguments.

Asked to stop, Snakemake waits for its running jobs, possibly for hours. The driver sends SIGTERM and SIGINT to the
jobs as well: a search saves its state, every other stage ends within seconds, no file is half-written, and the next
run continues from there. Of each config, one run at a time is allowed. If the driver is killed, Snakemake and its
jobs end too, and the next run removes the lock that Snakemake leaves.
"""

import ctypes
import fcntl
import getpass
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
from typing import Any

from lawpipe.config import source
from lawpipe.run import program
from lawpipe.run.errors import InputError
from lawpipe.run.signals import SIGNALS
from workflow.terminal import ASK, PINNED, show

SNAKEMAKE = (sys.executable, "-m", "snakemake")

#: Snakemake's own folder in the working folder, and in it the folder of its lock.
FOLDER = Path(".snakemake")
LOCKS = FOLDER / "locks"

#: Arguments with which Snakemake changes nothing.
HARMLESS = {"-n", "--dry-run", "--dryrun", "--lint", "--version", "--help", "-h"}

#: Bytes of room that temporary files need.
TEMPORARY = 2**24

#: Option of Linux's prctl: the signal that a process gets when its parent dies.
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run Snakemake and exit with its code, or with 128 + the number of the signal that stopped it.

    Raises InputError if a config file is not valid YAML, if another run is at work in the folder, or if the folder
    cannot be written.
    """
    arguments = sys.argv[1:]
    use_own_folders()
    name_user()
    for file in config_files(arguments):
        source.read(Path(file))
    if HARMLESS.intersection(arguments):
        sys.exit(subprocess.run([*SNAKEMAKE, *arguments], check=False).returncode)
    own = lock_file(arguments)
    with alone(own) as (kept_open, was_killed):
        # Snakemake has one lock for the folder: it stays while a run of another config is at work.
        others = _others(own)
        if was_killed and _locked() and not others:
            print("an earlier run was killed: removing its lock", file=sys.stderr, flush=True)
            _unlock()
        foreign = _locked() and not others
        settle_clock(time.time())
        code, stopped_by = _run(arguments, kept_open)
        if code < 0 and not foreign and not _others(own):
            _unlock()  # Snakemake itself was killed
    if foreign and code:
        raise InputError(
            f"{Path.cwd()} is locked by Snakemake: another one is at work in this folder, or one was killed; wait "
            "for it, or, if there is none, remove its lock with snakemake --unlock."
        )
    sys.exit(128 + stopped_by if stopped_by else 128 - code if code < 0 else code)


def use_own_folders() -> None:
    """Put caches and temporary files into Snakemake's folder if home cannot be written or TMPDIR has no room."""
    folders = {
        "XDG_CACHE_HOME": (Path.home() / ".cache", 0),
        "XDG_CONFIG_HOME": (Path.home() / ".config", 0),
        "TMPDIR": (Path("/tmp"), TEMPORARY),
    }
    for name, (default, room) in folders.items():
        folder = Path(os.environ.get(name) or default)
        if not _takes_files(folder, room):
            own = (FOLDER / name.lower()).absolute()
            with suppress(OSError):  # `alone` says what is wrong with the working folder
                own.mkdir(parents=True, exist_ok=True)
            os.environ[name] = str(own)
            print(f"{folder} cannot be written or has no room: using {own}", file=sys.stderr, flush=True)


def name_user() -> None:
    """Name the user by the number where the system has no name, as in a container: Snakemake asks for one."""
    try:
        getpass.getuser()
    except (KeyError, OSError):  # the latter from Python 3.13 on
        os.environ["USER"] = f"user{os.getuid()}"


def _takes_files(folder: Path, room: int) -> bool:
    """Return whether this user may write to a folder, or make it, on a disk with at least so many bytes of room."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    disk = os.statvfs(existing)
    writable = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    return writable and disk.f_bavail * disk.f_frsize >= room


def lock_file(arguments: list[str]) -> Path:
    """Return the lock file of a run, named by its config files: runs of different configs have different results."""
    configs = "\n".join(config_files(arguments))
    return FOLDER / f"lawpipe-{hashlib.sha256(configs.encode()).hexdigest()[:8]}.lock"


def config_files(arguments: list[str]) -> list[str]:
    """Return the config files that Snakemake's arguments name."""
    configs: list[str] = []
    reading = False
    for text in arguments:
        reading = text in ("--configfile", "--configfiles") if text.startswith("-") else reading
        configs += [text] if reading and not text.startswith("-") else []
    return configs


def _run(arguments: list[str], kept_open: int) -> tuple[int, int | None]:
    """Run Snakemake in its own process group; return its exit code and the number of the first signal to stop.

    In a terminal the line of progress stays at the bottom.
    """
    received: list[int] = []
    terminal = sys.stderr.isatty() and sys.stdout.isatty()
    pipe: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    snakemake = subprocess.Popen(
        [*SNAKEMAKE, *arguments],
        start_new_session=True,
        pass_fds=(kept_open,),
        preexec_fn=_die_with_parent,
        env=os.environ | {ASK: str(int(os.environ.get("YES") != "1")), PINNED: str(int(terminal))},
        **(pipe if terminal else {}),
    )

    def pass_on(number: int, frame: FrameType | None) -> None:
        if not received:
            print("stopping: running searches save their state first", file=sys.stderr, flush=True)
        received.append(number)
        # Always SIGTERM: on SIGINT Snakemake kills its jobs.
        os.killpg(snakemake.pid, signal.SIGTERM)

    for number in SIGNALS:
        signal.signal(number, pass_on)
    if snakemake.stdout is not None:
        show(snakemake.stdout)
    code = snakemake.wait()
    if received:
        print("stopped; run again to go on", file=sys.stderr, flush=True)
    return code, received[0] if received else None


def _die_with_parent() -> None:
    """Let the kernel kill this process when its parent dies. The stages stop when Snakemake is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _locked() -> bool:
    """Return whether the working folder has Snakemake's lock."""
    return any(LOCKS.glob("*.lock"))


def _unlock() -> None:
    """Remove Snakemake's lock from the working folder, as its --unlock does."""
    for path in LOCKS.glob("*.lock"):
        path.unlink(missing_ok=True)


def _others(own: Path) -> bool:
    """Return whether runs of other configs are at work in the folder: whether another lock file is held."""
    for path in set(FOLDER.glob("lawpipe-*.lock")) - {own}:
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


@contextmanager
def alone(own: Path) -> Iterator[tuple[int, bool]]:
    """Hold a lock file for this run and its child processes; yield the open file and whether an earlier run was
    killed.

    The kernel releases the lock when the last process that has the file open ends. The file contains the number of
    the run's process until the run has ended: a number in a file that is not locked is that of a run that was killed.

    Raises InputError if another run holds the file, or if it cannot be written.
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
    """Lock a file; raise BlockingIOError if another process keeps it. A killed process may take a moment to end."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def settle_clock(now: float) -> None:
    """Set the dates of results that are in the future to now, in the same order: the clock was ahead before.

    Snakemake makes a file anew if it is older than its inputs, and fails if that is still so afterwards.
    """
    ahead: list[tuple[int, str]] = []
    for results in Path().glob("results*"):
        for folder, _, names in os.walk(results):
            for path in (f"{folder}/{name}" for name in names):  # texts, because paths would take most of the time
                with suppress(FileNotFoundError):  # a run of another config may have removed it
                    date = os.stat(path).st_mtime_ns  # noqa: PTH116
                    ahead += [(date, path)] if date > now * 1e9 else []
    ahead.sort()
    for index, (_, path) in enumerate(ahead):
        date = int(now * 1e9) - len(ahead) + index
        with suppress(PermissionError, FileNotFoundError):
            os.utime(path, ns=(date, date))
    if ahead:
        print(f"{len(ahead)} results are dated in the future: dated back to now", file=sys.stderr, flush=True)


if __name__ == "__main__":
    program.run(main)
