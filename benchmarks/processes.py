"""Speed of a gradient evaluation shared by several processes, beside the same in one process.

    python -m lawpipe.run.launch 2 benchmarks/processes.py

The paper's perceptron and the default config's language model, with fewer steps. In turn, the first process computes
alone while the others wait, and all compute together. Prints medians of wall seconds and their ratio, which is at
most the number of processes if each has a core.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
import yaml
from torch import Tensor

from lawpipe.config.resolve import resolve
from lawpipe.cost import calibration
from lawpipe.engine import adjoint, trajectory
from lawpipe.problems.base import Problem
from lawpipe.problems.sharded import shared
from lawpipe.run import distributed, stage

ROOT = Path(__file__).resolve().parents[1]

#: Experiment of the default config to the steps of an evaluation.
STEPS = {"perceptron": 300, "stories": 4}

REPEATS = 5


def main() -> None:
    """Time both problems and print one line for each."""
    with distributed.process_group():
        experiments = resolve(yaml.safe_load((ROOT / "config/config.yaml").read_text())).experiments
        print(f"{distributed.world_size()} processes")
        for name, steps in STEPS.items():
            problem, theta = calibration.draw(experiments[name], 1.0)
            report(name, problem, theta, steps)


def report(name: str, problem: Problem, theta: Tensor, steps: int) -> None:
    """Print the time of an evaluation alone and together."""
    together = shared(problem)
    alone, both = [], []
    for _ in range(REPEATS):
        alone.append(timed(lambda: evaluate(problem, theta, steps) if distributed.is_main() else None))
        both.append(timed(lambda: evaluate(together, theta, steps)))
    one, several = statistics.median(alone), statistics.median(both)
    print(f"{name}: {steps} steps alone {one:.3f} s, together {several:.3f} s, {one / several:.2f} times as fast")


def evaluate(problem: Problem, theta: Tensor, steps: int) -> None:
    """Compute the gradient of a run of some steps under uniform weights."""
    weights = torch.full((steps, problem.examples), 1 / problem.examples, dtype=problem.dtype)
    adjoint.gradient(trajectory.train(problem, theta, weights, [0.1] * steps))


def timed(work: Callable[[], None]) -> float:
    """Return the seconds until all processes have done their part of some work."""
    distributed.total([0.0])
    began = time.perf_counter()
    work()
    distributed.total([0.0])
    return time.perf_counter() - began


if __name__ == "__main__":
    stage.run(main)
