"""Training runs on the same examples computed together, beside runs computed alone: forward and backward.

    python benchmarks/batched.py [--steps T] [--examples N] ...

The paper's perceptron in float32 under S different policies, S = 1, 4, 16, in one process on one thread, in turn.
Prints medians of processor time in microseconds per step and run, and the gain over a run alone. The last line is for
tuning the learning rate of uniform weights, with sixteen rates together.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import common
import torch
from torch import Tensor

from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.perceptron.losses import Perceptron

SIZES = (1, 4, 16)


def main(argv: list[str] | None = None) -> None:
    """Run the comparison and print a table."""
    parser = common.parser(__doc__, steps=500, examples=4096, dimension=128, desired=512, repeats=7)
    options = parser.parse_args(argv)
    problem = common.perceptron(common.perceptron_examples(options.examples, options.desired, options.dimension))
    generator = torch.Generator().manual_seed(0)
    most = max(SIZES)
    theta0s = [(torch.rand(options.dimension, generator=generator) - 0.5) / 8 for _ in range(most)]
    shape = (options.steps, options.examples)
    weights = [torch.randn(shape, generator=generator).softmax(dim=1) for _ in range(most)]
    uniform = [torch.full((1, 1), 1 / options.examples).expand(shape)] * most
    rates = [[0.1] * options.steps] * most

    runs: dict[str, Any] = {}
    actions: dict[str, Callable[[], object]] = {
        "alone, forward": lambda: runs.update(alone=trajectory.train(problem, theta0s[0], weights[0], rates[0])),
        "alone, backward": lambda: adjoint.contributions(runs["alone"], read),
    }
    for count in SIZES:
        given = [values[:count] for values in (theta0s, weights, rates)]
        actions[f"{count}, forward"] = lambda given=given: runs.update(
            together=trajectory.train_many(problem, *given)
        )
        actions[f"{count}, backward"] = lambda: adjoint.contributions_many(
            [(run, "desired") for run in runs["together"]], read
        )
    grid = [[0.01 * 1.5**power] * options.steps for power in range(most)]
    actions["grid"] = lambda: tune(problem, theta0s[0], uniform, grid)
    actions["grid, alone"] = lambda: tune(problem, theta0s[0], uniform[:1], grid[:1])
    report(options, common.interleaved(actions, options.repeats))


def tune(problem: Perceptron, theta0: Tensor, weights: Sequence[Tensor], grid: Sequence[Sequence[float]]) -> float:
    """Return the lowest J over some learning rates."""
    runs: list[Trajectory] = trajectory.train_many(problem, [theta0] * len(grid), weights, grid)
    return min(run.objective() for run in runs)


def read(*arguments: object) -> None:
    """Read one number of a block of contributions, which is the last argument."""
    float(arguments[-1].flatten()[0])


def report(options: argparse.Namespace, seconds: dict[str, float]) -> None:
    """Print the table."""
    common.print_machine()
    print(f"T {options.steps}, N {options.examples}, D {options.dimension}, K {options.desired}, float32, one thread")
    print(f"{'runs together':>14}{'forward':>10}{'backward':>10}{'both':>8}   us per step and run{'gain':>10}")
    single = [seconds[f"alone, {half}"] / options.steps * 1e6 for half in ("forward", "backward")]
    for name, count in [("alone", 1), *((str(size), size) for size in SIZES)]:
        halves = [seconds[f"{name}, {half}"] / options.steps / count * 1e6 for half in ("forward", "backward")]
        gain = sum(single) / sum(halves)
        print(f"{name:>14}{halves[0]:10.1f}{halves[1]:10.1f}{sum(halves):8.1f}{'':20}{gain:12.2f}")
    most = max(SIZES)
    print(
        f"tuning uniform's learning rate, {most} rates together: {seconds['grid'] / most * 1e3:.1f} ms per rate, "
        f"alone {seconds['grid, alone'] * 1e3:.1f} ms ({seconds['grid, alone'] * most / seconds['grid']:.2f} times)"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
