"""A copy of the project that tests may run and change."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.workflow import forked

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
        with_configs = ["--configfile", *configs] if configs else []
        return forked.run([*arguments, "--cores", "2", *with_configs], self.folder, self.folder, **environment)

    def plan(self, *arguments: str, configs: tuple[str, ...] = SMALL) -> "Plan":
        """Dry-run: which jobs would run, and why."""
        run = self.snakemake("--dry-run", *arguments, configs=configs)
        assert run.returncode == 0, run.stdout
        return Plan.read(run.stdout)

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
    """The jobs of a run or a dry run."""

    #: How many jobs of each rule.
    jobs: dict[str, int]
    #: The rules whose own settings or code changed; the others follow from them. A run does not say them.
    changed: set[str]

    @classmethod
    def read(cls, said: str) -> "Plan":
        """Read a plan from what a run or a dry run says."""
        counts = dict(re.findall(r"^(\S+) +(\d+)$", said, re.MULTILINE))
        counts.pop("total", None)
        changed = re.search(r"params have changed since last execution:\n +(.+)", said)
        return cls(
            {rule: int(count) for rule, count in counts.items()},
            set(changed.group(1).split(", ")) if changed else set(),
        )


def duplicate(source: Path, target: Path) -> None:
    """Copy a file or folder with its time stamps, and with the compiled modules, which these keep valid."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.pyc.*"))  # another process compiles just now
    else:
        shutil.copy2(source, target)
