"""A step of both problems in one table: forward, back and the projection of its weights, against their floors.

    python benchmarks/steps.py [--repeats 5]

Milliseconds of one core's processor time for each step, the median of runs of T steps in turn; an iteration is T of
all three. The floor is the longer of two times: that to read or write what the work cannot do without, at the speed
of a copy here, and that of its operations at the speed of matrix products here (for a language model those of its own
shapes). Each way a perceptron reads its features once and does two matrix-vector products; a language model does the
products of 3 forward passes there and 8 back (see language_model.py); a projection reads and writes its row of
weights, for which no ratio is shown where that takes less than a microsecond: a call takes more.
"""

import argparse
import json
import statistics
import time

import engine
import language_model
import numpy as np
import torch
from torch import Tensor

from lawpipe.compute import devices
from lawpipe.engine import adjoint, simplex, trajectory
from lawpipe.problems.base import Problem
from lawpipe.problems.perceptron.losses import Perceptron
from lawpipe.run import provenance
from lawpipe.run.splits import REFERENCES

PERCEPTRON = {"examples": 4096, "dimension": 128, "desired": 512, "steps": 500}
STORIES = {"examples": 64, "desired": 8, "vocabulary": 512, "length": 32, "hidden": 32, "heads": 4, "steps": 8}

PARTS = ("forward", "back", "projection")


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    print(json.dumps(provenance.hardware() | provenance.versions()))
    print(f"{'a step':<40}{'ms':>9}{'floor':>9}{'x floor':>9}")
    for name, (problem, theta0, steps, floors) in {"perceptron": perceptron(), "language model": stories()}.items():
        found = measured(problem, theta0, steps, options.repeats)
        for part in PARTS:
            show(f"{name}, {part}", found[part], floors[part])
        show(f"{name}, an iteration of {steps} steps", steps * sum(found.values()), steps * sum(floors.values()))


def perceptron() -> tuple[Problem, Tensor, int, dict[str, float]]:
    """Return the perceptron, its start, T and the floors of a step, seconds."""
    splits = engine.draw(argparse.Namespace(**PERCEPTRON))
    references = {split: splits[split] for split in REFERENCES}
    made = Perceptron(splits["train"], references, torch.float32, devices.device("cpu"))
    size = PERCEPTRON["examples"] * PERCEPTRON["dimension"]
    each_way = max(4 * size / engine.copy_speed(), 4 * size / engine.product_speed())
    floors = {"forward": each_way, "back": each_way, "projection": row_floor(made)}
    return made, torch.zeros(PERCEPTRON["dimension"]), PERCEPTRON["steps"], floors


def stories() -> tuple[Problem, Tensor, int, dict[str, float]]:
    """Return the language model, its start, T and the floors of a step, seconds."""
    sizes = argparse.Namespace(**STORIES)
    made, theta0, _ = language_model.draw(sizes)
    products = language_model.forward_products(sizes)
    floors = {"forward": 3 * products, "back": 8 * products, "projection": row_floor(made)}
    return made, theta0, STORIES["steps"], floors


def row_floor(problem: Problem) -> float:
    """Return the seconds to read and write a row of weights once."""
    return 2 * 4 * problem.examples / engine.copy_speed()


def measured(problem: Problem, theta0: Tensor, steps: int, repeats: int) -> dict[str, float]:
    """Return the median seconds of a step's parts."""
    weights = torch.full((steps, problem.examples), 1 / problem.examples)
    seconds: dict[str, list[float]] = {part: [] for part in PARTS}
    for _ in range(repeats):
        moments = [time.process_time()]
        run = trajectory.train(problem, theta0, weights, [0.1] * steps)
        moments.append(time.process_time())
        gradient = adjoint.gradient(run)
        moments.append(time.process_time())
        trial = torch.add(weights, gradient, alpha=-0.01)
        before = time.process_time()
        simplex.project_(trial)
        for part, took in zip(PARTS, (*np.diff(moments), time.process_time() - before), strict=True):
            seconds[part].append(took)
    return {part: statistics.median(values) / steps for part, values in seconds.items()}


def show(label: str, seconds: float, floor: float) -> None:
    """Print a row."""
    ratio = f"{seconds / floor:.1f}" if floor > 1e-6 else "-"
    print(f"{label:<40}{1e3 * seconds:>9.3f}{1e3 * floor:>9.3f}{ratio:>9}")


if __name__ == "__main__":
    main()
