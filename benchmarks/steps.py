"""Time of one step of both problems, forward, backward and projection, beside lower bounds.

    python benchmarks/steps.py [--repeats 5]

Milliseconds of processor time on one core per step, the median of runs of T steps in turn; an iteration is T times
all three. The lower bound is the longer of two times: reading or writing the data that the work needs, at the speed
of a copy on this machine, and its operations, at the speed of matrix products on this machine (for a language model,
products of its own shapes). In each direction a perceptron reads its features once and does two matrix-vector
products; a language model does the products of 3 forward passes forward and 8 backward (see language_model.py); a
projection reads and writes its row of weights. No ratio is shown for a bound below a microsecond, which is less than
the overhead of a call.
"""

import statistics
import time

import common
import language_model
import numpy as np
import torch
from torch import Tensor

from lawpipe.engine import adjoint, simplex, trajectory
from lawpipe.problems.base import Problem

PERCEPTRON = {"examples": 4096, "dimension": 128, "desired": 512, "steps": 500}
STORIES = {"examples": 64, "desired": 8, "vocabulary": 512, "length": 32, "hidden": 32, "heads": 4, "steps": 8}

PARTS = ("forward", "backward", "projection")


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    options = common.parser(__doc__, repeats=5).parse_args(argv)
    torch.set_num_threads(1)
    common.print_machine()
    print(f"{'one step':<40}{'ms':>9}{'bound':>9}{'/ bound':>9}")
    for name, (problem, theta0, steps, floors) in {"perceptron": perceptron(), "language model": stories()}.items():
        seconds = measured(problem, theta0, steps, options.repeats)
        for part in PARTS:
            show(f"{name}, {part}", seconds[part], floors[part])
        show(f"{name}, an iteration of {steps} steps", steps * sum(seconds.values()), steps * sum(floors.values()))


def perceptron() -> tuple[Problem, Tensor, int, dict[str, float]]:
    """Return the perceptron, its initial parameters, T and the lower bounds of a step, seconds."""
    problem = common.perceptron(
        common.perceptron_examples(PERCEPTRON["examples"], PERCEPTRON["desired"], PERCEPTRON["dimension"])
    )
    size = PERCEPTRON["examples"] * PERCEPTRON["dimension"]
    each_way = max(4 * size / common.copy_speed(), 4 * size / common.product_speed())
    floors = {"forward": each_way, "backward": each_way, "projection": row_floor(problem)}
    return problem, torch.zeros(PERCEPTRON["dimension"]), PERCEPTRON["steps"], floors


def stories() -> tuple[Problem, Tensor, int, dict[str, float]]:
    """Return the language model, its initial parameters, T and the lower bounds of a step, seconds."""
    problem, theta0, _ = language_model.draw(STORIES)
    _, products = language_model.forward_products(STORIES)
    floors = {"forward": 3 * products, "backward": 8 * products, "projection": row_floor(problem)}
    return problem, theta0, STORIES["steps"], floors


def row_floor(problem: Problem) -> float:
    """Return the seconds to read and write a row of weights once."""
    return 2 * 4 * problem.examples / common.copy_speed()


def measured(problem: Problem, theta0: Tensor, steps: int, repeats: int) -> dict[str, float]:
    """Return the median seconds of the parts of a step."""
    weights = common.uniform(steps, problem.examples)
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
    """Print one row."""
    ratio = f"{seconds / floor:.1f}" if floor > 1e-6 else "-"
    print(f"{label:<40}{1e3 * seconds:>9.3f}{1e3 * floor:>9.3f}{ratio:>9}")


if __name__ == "__main__":
    main()
