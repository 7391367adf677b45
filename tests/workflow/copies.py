"""A copy of the project that tests may run and change."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]

#: What Snakemake and the scripts need of the project.
PARTS = ("Snakefile", "benchmarks", "config", "lawpipe", "profiles", "scripts", "workflow")

#: The configs of a run, unless others are given.
SMALL = ("config/small.yaml",)


@dataclass(frozen=True)
class Project:
    """A copy of the project, with or without results."""

    folder: Path

    @property
    def results(self) -> Path:
        return self.folder / "results-small"

    def snakemake(
        self, *arguments: str, configs: tuple[str, ...] = SMALL, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake in the copy, with the copy's own package; stdout and stderr come together."""
        command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "2"]
        if configs:
            command += ["--configfile", *configs]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def plan(self, *arguments: str, configs: tuple[str, ...] = SMALL) -> "Plan":
        """Dry-run: which jobs would run, and why."""
        run = self.snakemake("--dry-run", *arguments, configs=configs)
        assert run.returncode == 0, run.stdout
        counts = dict(re.findall(r"^(\S+) +(\d+)$", run.stdout, re.MULTILINE))
        counts.pop("total", None)
        changed = re.search(r"params have changed since last execution:\n +(.+)", run.stdout)
        return Plan(
            {rule: int(count) for rule, count in counts.items()},
            set(changed.group(1).split(", ")) if changed else set(),
        )

    def write_config(self, text: str) -> str:
        """Write a config that is laid over the small one, and return its name."""
        path = self.folder / "overlay.yaml"
        path.write_text(text)
        yaml.safe_load(text)
        return path.name

    def replace(self, file: str, old: str, new: str) -> None:
        """Change a file of the copy where `old` first stands."""
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1))


@dataclass(frozen=True)
class Plan:
    """The jobs of a dry run."""

    #: How many jobs of each rule.
    jobs: dict[str, int]
    #: The rules whose own settings or code changed; the others follow from them.
    changed: set[str]


def duplicate(source: Path, target: Path) -> None:
    """Copy a file or folder with its time stamps."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)
