"""Many training runs on the same examples at once: time a step and run, forward and backward, against one by one.

    python benchmarks/batched.py [--steps T] [--examples N] ...

The paper's perceptron in float32 under S policies of its own each, S = 1, 4, 16, all in this process, on one thread,
in turn. Prints medians of processor time (the machine may be shared) in microseconds a step and run, and how many
times cheaper than a run alone. A last line tunes the learning rate of uniform weights, sixteen rates at once.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import torch
from engine import draw
from torch import Tensor

from lawpipe.compute import devices
from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.perceptron.losses import Perceptron
from lawpipe.run import provenance

SIZES = (1, 4, 16)


def main(argv: list[str] | None = None) -> None:
    """Run the comparison and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = {"steps": 500, "examples": 4096, "dimension": 128, "desired": 512, "repeats": 7}
    for name, value in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args(argv)
    splits = draw(options)
    references = {name: split for name, split in splits.items() if name != "train"}
    problem = Perceptron(splits["train"], references, torch.float32, devices.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    most = max(SIZES)
    theta0s = [(torch.rand(options.dimension, generator=generator) - 0.5) / 8 for _ in range(most)]
    shape = (options.steps, options.examples)
    weights = [torch.randn(shape, generator=generator).softmax(dim=1) for _ in range(most)]
    uniform = [torch.full((1, 1), 1 / options.examples).expand(shape)] * most
    rates = [[0.1] * options.steps] * most

    seconds: dict[str, list[float]] = {}
    for _ in range(options.repeats):
        alone = timed(seconds, "alone, forward", lambda: trajectory.train(problem, theta0s[0], weights[0], rates[0]))
        timed(seconds, "alone, backward", lambda run=alone: adjoint.contributions(run, read))
        for count in SIZES:
            given = [values[:count] for values in (theta0s, weights, rates)]
            runs = timed(seconds, f"{count}, forward", lambda given=given: trajectory.train_many(problem, *given))
            pairs = [(run, "desired") for run in runs]
            timed(seconds, f"{count}, backward", lambda pairs=pairs: adjoint.contributions_many(pairs, read))
        grid = [[0.01 * 1.5**place] * options.steps for place in range(most)]
        timed(seconds, "grid", lambda grid=grid: tune(problem, theta0s[0], uniform, grid))
        timed(seconds, "grid, alone", lambda grid=grid: tune(problem, theta0s[0], uniform[:1], grid[:1]))
    report(options, {name: statistics.median(values) for name, values in seconds.items()})


def tune(problem: Perceptron, theta0: Tensor, weights: Sequence[Tensor], grid: Sequence[Sequence[float]]) -> float:
    """Return the best J of some learning rates."""
    runs: list[Trajectory] = trajectory.train_many(problem, [theta0] * len(grid), weights, grid)
    return min(run.objective() for run in runs)


def read(*arguments: object) -> None:
    """Read one number of a block of contributions, the last argument."""
    float(arguments[-1].flatten()[0])


def timed(seconds: dict[str, list[float]], name: str, work: Callable[[], object]) -> object:
    """Do some work, note its processor time and return its result."""
    start = time.process_time()
    result = work()
    seconds.setdefault(name, []).append(time.process_time() - start)
    return result


def report(options: argparse.Namespace, seconds: dict[str, float]) -> None:
    """Print the table."""
    print(json.dumps(provenance.hardware() | provenance.versions()))
    print(f"T {options.steps}, N {options.examples}, D {options.dimension}, K {options.desired}, float32, one thread")
    print(f"{'runs at once':>14}{'forward':>10}{'backward':>10}{'both':>8}   us a step and run{'cheaper':>12}")
    single = [seconds[f"alone, {half}"] / options.steps * 1e6 for half in ("forward", "backward")]
    for name, count in [("alone", 1), *((str(size), size) for size in SIZES)]:
        found = [seconds[f"{name}, {half}"] / options.steps / count * 1e6 for half in ("forward", "backward")]
        gain = sum(single) / sum(found)
        print(f"{name:>14}{found[0]:10.1f}{found[1]:10.1f}{sum(found):8.1f}{'':20}{gain:12.2f}")
    most = max(SIZES)
    print(
        f"tuning uniform's learning rate, {most} rates at once: {seconds['grid'] / most * 1e3:.1f} ms a rate, "
        f"alone {seconds['grid, alone'] * 1e3:.1f} ms ({seconds['grid, alone'] * most / seconds['grid']:.2f} times)"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
