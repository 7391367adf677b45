"""The gradient of J of a language model in float32: its error against float64, at two learning rates.

    python benchmarks/accuracy.py [--steps 40] [--examples 128] [--width 32] [--heads 2] [--vocabulary 500]

The size is that of `stories_h32` in config/tinystories.yaml, on stories of the grammar; the paper's Transformer has
width 128 and 8 heads. Three ways of adding in float32 are compared with float64: compiled loops, and PyTorch's
operations with two sizes of micro-batch.
Prints, for each rate, the error of the whole gradient [T, N] relative to its norm, and the share of entries with the
same sign. Where a rate lies beyond the edge of stability, the adjoint grows as it goes back, and rounding with it.
"""

import argparse

import common
import torch
from stories import draw
from torch import Tensor

from lawpipe.engine import adjoint, trajectory
from lawpipe.problems.language_model.losses import LanguageModel

#: The experiment's learning rate, and one near the best for uniform weights.
RATES = (0.1, 1.0)
#: Tokens in a micro-batch of PyTorch's operations.
MICRO_BATCHES = (256, 2048)


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, size in {"steps": 40, "examples": 128, "width": 32, "heads": 2, "vocabulary": 500}.items():
        parser.add_argument(f"--{name}", type=int, default=size)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    shape = {"vocabulary": options.vocabulary, "width": options.width, "heads": options.heads}
    drawn = draw(options.examples, options.examples, **shape)
    exact, ways = drawn.problem(torch.float64), {"compiled loops": drawn.problem()}
    for tokens in MICRO_BATCHES:
        problem = drawn.problem(micro_batch=tokens)
        problem._loops = None
        ways[f"operations, micro-batches of {tokens} tokens"] = problem
    print(f"the gradient of J in float32, T {options.steps}, N {exact.examples}, {exact.parameters:,} parameters")
    for rate in RATES:
        truth = gradient(exact, drawn.theta0.double(), options.steps, rate)
        for name, problem in ways.items():
            rounded = gradient(problem, drawn.theta0, options.steps, rate).double()
            error = float((rounded - truth).norm() / truth.norm())
            signs = float((rounded.sign() == truth.sign()).double().mean())
            print(
                f"rate {rate:g}, {name:<41} relative error {error:8.1e}   same sign {100 * signs:6.2f} %", flush=True
            )


def gradient(problem: LanguageModel, theta0: Tensor, steps: int, rate: float) -> Tensor:
    """Return the gradient of J on desired with respect to the weights, [T, N], at uniform weights."""
    weights = common.uniform(steps, problem.examples).to(problem.dtype)
    return adjoint.gradient(trajectory.train(problem, theta0, weights, [rate] * steps))


if __name__ == "__main__":
    main()
