"""Killing the workflow at random moments and starting it again, until it is done: `make soak`, and a test.

    python -m tests.workflow.soak [--kills 20] [--seed 0]

Runs the small config once undisturbed. Then runs it again and again from nothing, with `kill -9` at moments drawn
from the seed: of the driver, of Snakemake, of the server that starts warm jobs (workflow/warm.py), of a job's command
or of its warm process. Whatever is killed, the next start has to finish
the work by itself; each time it is done every artifact is compared with the undisturbed run's, byte by byte. Exits
with 1 if one differs.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.workflow.copies import PARTS, ROOT, Project, duplicate

#: What is killed, and how likely.
VICTIMS = {"driver": 1, "snakemake": 1, "server": 1, "command": 1, "job": 2}

#: A kill comes after so large a share of the undisturbed run's time, at least and at most.
MOMENTS = (0.02, 0.2)

#: What is compared beside Parquet: what differs from run to run (costs, logs) is in other files.
COMPARED = ("tokenizer.json", "corpus.json")


@dataclass
class Soak:
    """Kills that are still to come, and what was killed so far."""

    kills: int
    #: Seconds from a start to the next kill, at least and at most.
    moments: tuple[float, float]
    seed: int = 0
    arguments: tuple[str, ...] = ()
    killed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def finish(self, project: Project) -> None:
        """Run the workflow to its end, killed on the way as often as is still to be done.

        Raises RuntimeError if a run that nobody killed fails.
        """
        while True:
            driver = self._start(project)
            if self.killed.total() < self.kills and self._kill(project, driver):
                driver.communicate()
                continue
            said, _ = driver.communicate()
            if driver.returncode:
                raise RuntimeError(f"the driver ended with {driver.returncode}:\n{said}")
            return

    def _start(self, project: Project) -> subprocess.Popen[str]:
        """Start the driver on the small config."""
        options = ["--cores", "2", "--configfile", "config/small.yaml"]
        return subprocess.Popen(
            [sys.executable, "-m", "workflow.driver", *self.arguments, *options],
            cwd=project.folder,
            env=os.environ | {"PYTHONPATH": str(project.folder), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _kill(self, project: Project, driver: subprocess.Popen[str]) -> bool:
        """Kill at the next random moment; False if the run was done by then."""
        victim = self.random.choices([*VICTIMS], [*VICTIMS.values()])[0]
        after = self.random.uniform(*self.moments)
        try:
            # Not `wait`: the driver would wait for somebody to read what it says.
            driver.communicate(timeout=after)
            return False
        except subprocess.TimeoutExpired:
            pass
        # A moment without jobs, or before Snakemake has started, is a moment for the driver.
        snakemake = children(driver.pid)
        server = [number for parent in snakemake for number in children(parent) if is_server(number)]
        running = {
            "driver": [driver.pid],
            "snakemake": snakemake,
            "server": server,
            "command": commands(project),
            "job": [number for parent in server for number in children(parent)],
        }
        victim = victim if running[victim] else "driver"
        os.kill(self.random.choice(running[victim]), signal.SIGKILL)
        self.killed[victim] += 1
        print(f"kill {self.killed.total()}: {victim}, {after:.2f} s after its start", flush=True)
        return True


def processes() -> dict[int, tuple[int, list[str]]]:
    """Return the parent and the command line of every process."""
    by_number = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue  # it has ended
        by_number[int(folder.name)] = parent, command
    return by_number


def children(number: int) -> list[int]:
    """Return the processes that a process started."""
    return [child for child, (parent, _) in processes().items() if parent == number]


def commands(project: Project) -> list[int]:
    """Return the processes of commands that run a stage's script in a copy of the project."""
    scripts = f"{project.folder}/scripts/"
    return [
        number
        for number, (_, command) in processes().items()
        if command[1:] and command[0] != "/usr/bin/bash" and any(word.startswith(scripts) for word in command)
    ]


def is_server(number: int) -> bool:
    """Return whether a process is a server of warm jobs."""
    return "workflow.warm" in processes().get(number, (0, []))[1]


def artifacts(folder: Path) -> dict[str, bytes]:
    """Return the content of every artifact in a folder of results."""
    paths = [path for path in folder.rglob("*") if path.suffix == ".parquet" or path.name in COMPARED]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def differences(ours: Path, theirs: Path) -> list[str]:
    """Return the artifacts that differ between two folders of results, or that one of them lacks."""
    left, right = artifacts(ours), artifacts(theirs)
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def main() -> None:
    """Soak the small config."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "bare")
        bare.mkdir()
        for name in PARTS:
            duplicate(ROOT / name, bare / name)
        duplicate(bare, Path(folder, "undisturbed"))
        undisturbed = Project(Path(folder, "undisturbed"))
        Soak(0, (0, 0)).finish(undisturbed)
        took = time.monotonic() - began
        print(f"undisturbed: done in {took:.0f} s", flush=True)
        soak, runs, compared = Soak(options.kills, (MOMENTS[0] * took, MOMENTS[1] * took), options.seed), 0, 0
        while soak.killed.total() < options.kills:
            duplicate(bare, Path(folder, "soaked"))
            soaked = Project(Path(folder, "soaked"))
            soak.finish(soaked)
            runs += 1
            different = differences(soaked.results, undisturbed.results)
            if different:
                sys.exit(f"error: not as in the undisturbed run (seed {options.seed}): {', '.join(different)}")
            compared += len(artifacts(soaked.results))
            shutil.rmtree(soaked.folder)
    killed = ", ".join(f"{name} {count} times" for name, count in sorted(soak.killed.items()))
    print(f"killed {killed}; {runs} runs finished, {compared} artifacts compared, all of them the same to the byte")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
