"""The recorded cost of an experiment, from the cost files of its stages."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawpipe.run.parsing import parsing


@dataclass(frozen=True)
class Cost:
    """The cost of a stage's jobs, one per seed or one for all seeds."""

    stage: str
    jobs: int
    #: Wall seconds of all jobs together, and of the longest job.
    seconds: float
    longest: float
    #: The maximum over the jobs.
    peak_memory_mb: float
    #: Processor seconds of all jobs together.
    processor_seconds: float
    #: The jobs that went on from one that was stopped: their seconds are those since then.
    resumed: int = 0
    #: Estimates made before the run: matrix operations and core seconds of all jobs, memory of one job. None if there
    #: are none.
    operations: float | None = None
    estimated_seconds: float | None = None
    estimated_memory_mb: float | None = None


@dataclass(frozen=True)
class Spent:
    """The cost of an experiment, with the machines and checkouts that computed it."""

    stages: tuple[Cost, ...]
    #: Processor, cores and memory of each machine; the operating systems.
    machines: tuple[str, ...]
    systems: tuple[str, ...]
    checkouts: tuple[str, ...]
    started: str
    ended: str

    @property
    def seconds(self) -> float:
        """Sum of the wall seconds of all jobs."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def estimated_seconds(self) -> float | None:
        """Sum of the estimated core seconds of all stages; None if a stage has no estimate."""
        estimates = [stage.estimated_seconds for stage in self.stages]
        return sum(seconds for seconds in estimates if seconds is not None) if None not in estimates else None

    @property
    def peak_memory_mb(self) -> float:
        """Maximal memory of one job."""
        return max((stage.peak_memory_mb for stage in self.stages), default=0.0)


def read(folder: Path, seeds: tuple[int, ...]) -> Spent:
    """Read the cost files of an experiment and of its seeds, with the stages in the order in which they began.

    The estimates are those in cost/estimate.json above the experiment, from the last start of the workflow. If there
    are any, a stage without one is left out: it is of an earlier config, of an earlier version or of a report.

    Raises InputError for a file that is not a cost file.
    """
    files = [file for seed in seeds for file in sorted((folder / f"seed{seed}/cost").glob("*.json"))]
    files += sorted((folder / "cost").glob("*.json"))
    by_stage: dict[str, list[dict[str, Any]]] = {}
    estimated = estimates(folder)
    for file in files:
        if not estimated or file.stem in estimated:
            by_stage.setdefault(file.stem, []).append(read_job(file))
    stages = [
        Cost(
            stage=stage.replace("_", " "),
            jobs=len(jobs),
            seconds=sum(job["seconds"] for job in jobs),
            longest=max(job["seconds"] for job in jobs),
            peak_memory_mb=max(job["peak_memory_mb"] for job in jobs),
            processor_seconds=sum(job["processor_seconds"] for job in jobs),
            resumed=sum(job.get("resumed", False) for job in jobs),
            operations=estimated.get(stage, {}).get("operations"),
            estimated_seconds=estimated.get(stage, {}).get("seconds"),
            estimated_memory_mb=estimated.get(stage, {}).get("memory_mb"),
        )
        for stage, jobs in sorted(by_stage.items(), key=lambda item: min(job["started"] for job in item[1]))
    ]
    jobs = [job for of_stage in by_stage.values() for job in of_stage]
    times = sorted(job["started"] for job in jobs)
    return Spent(
        tuple(stages),
        tuple(sorted({_machine(job["hardware"]) for job in jobs})),
        tuple(sorted({job["hardware"]["system"] for job in jobs})),
        tuple(sorted({_checkout(job["git"]) for job in jobs})),
        times[0] if times else "-",
        times[-1] if times else "-",
    )


def estimates(folder: Path) -> dict[str, dict[str, float]]:
    """Return the estimates of an experiment's stages by name; nothing if they are missing or damaged."""
    try:
        recorded = json.loads((folder.parent / "cost/estimate.json").read_text(encoding="utf-8"))
        return {stage: dict(cost) for stage, cost in recorded.get(folder.name, {}).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        # No result depends on the estimates.
        return {}


def read_job(file: Path) -> dict[str, Any]:
    """Return the content of one cost file; raises InputError if it is not one."""
    with parsing(file, "not a stage's cost"):
        cost: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        {float(cost[name]) for name in ("seconds", "processor_seconds", "peak_memory_mb")}
        if not isinstance(resumed := cost.get("resumed", False), bool):
            raise ValueError(f"resumed is {resumed!r}")
        {cost["started"], _machine(cost["hardware"]), cost["hardware"]["system"], _checkout(cost["git"])}
    return cost


def _machine(hardware: dict[str, Any]) -> str:
    """Describe a machine in a line."""
    return f"{hardware['processor']}, {hardware['cores']} cores, {hardware['memory_gib']} GiB of memory"


def _checkout(git: dict[str, Any]) -> str:
    """Describe the state of the code in a line."""
    changes = ", with changes" if git["modified"] else ""
    return f"commit {git['commit']}{changes}" if git["commit"] else "not a git checkout"
