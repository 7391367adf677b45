"""Cost and accuracy of the online weights: time of a step, peak memory, and contributions against exact ones.

    python -m benchmarks.online_overhead [--hidden 128] [--length 64] [--batch 32] [--autocast | --bfloat16] ...

The model, the batches and AdamW of examples/train_online.py on random tokens, on one thread. Plain steps take turns
with steps of each way to compute contributions, at several intervals between desired gradients, in one process, so
that other work on the machine disturbs all of them alike; the ratio is that of the median
processor times. Memory is the increase of resident memory over some steps, each way in its own process (--memory).
--autocast and --bfloat16 train in these precisions.

Accuracy is Spearman's correlation with the products of gradients of single examples, computed in float64 at the same
parameters and along the same direction, in each of the precisions. --only leaves out the other parts.
"""

import argparse
import copy
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from benchmarks import common
from examples.train_online import CONTRIBUTIONS, LanguageModel, losses
from lawpipe import online
from lawpipe.online.check import spearman

PLAIN = "plain"
REFRESH = (1, online.REFRESH)
PRECISIONS = ("float32", "autocast", "bfloat16")
#: Accuracy is measured on so many batches.
BATCHES = 2
#: Medians of memory are over so many processes.
PROCESSES = 3


def main(argv: list[str] | None = None) -> None:
    """Measure and print a table."""
    sizes = {"hidden": 128, "layers": 6, "length": 64, "batch": 32, "vocabulary": 512}
    parser = common.parser(__doc__, **sizes, rounds=5, steps=max(REFRESH))
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument("--autocast", action="store_true", help="train under autocast to bfloat16")
    precision.add_argument("--bfloat16", action="store_true", help="train weights in bfloat16")
    parser.add_argument("--ways", nargs="+", choices=CONTRIBUTIONS, help="all that work by default")
    parser.add_argument("--refresh", type=int, nargs="+", default=REFRESH, help="steps between desired gradients")
    parser.add_argument("--memory", help="only measure the memory of this way, MB: plain or a way")
    parser.add_argument("--only", choices=["time", "memory", "accuracy"], help="measure one of the three")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    if options.memory is not None:
        print(memory(options))
        return
    common.print_machine()
    low = options.autocast or options.bfloat16
    ways = options.ways or [way for way in CONTRIBUTIONS if not (low and way == "difference")]
    if options.only in (None, "time"):
        print_times(options, ways)
    if options.only in (None, "memory"):
        print_memory(ways, sys.argv[1:] if argv is None else argv)
    if options.only in (None, "accuracy"):
        print_accuracy(options, options.ways or CONTRIBUTIONS)


def print_times(options: argparse.Namespace, ways: Sequence[str]) -> None:
    """Print the processor time of a step, plain and by each way."""
    loops = {PLAIN: Loop(options, None, 1, precision_of(options))}
    loops |= {
        f"{way}, refresh {k}": Loop(options, way, k, precision_of(options)) for way in ways for k in options.refresh
    }
    actions = {name: partial(several, loop.step, options.steps) for name, loop in loops.items()}
    common.interleaved(actions, 1)  # warms up
    seconds = common.interleaved(actions, options.rounds)
    print(f"\n{'':28}{'ms / step':>10}{'/ plain':>9}")
    for name, spent in seconds.items():
        print(f"{name:28}{1e3 * spent / options.steps:10.2f}{spent / seconds[PLAIN]:9.2f}")


def print_memory(ways: Sequence[str], arguments: list[str]) -> None:
    """Print the working memory of some steps, plain and by each way."""
    megabytes = {way: measured(arguments, way) for way in (PLAIN, *ways)}
    print(f"\n{'':28}{'MB':>10}{'/ plain':>9}")
    for way, size in megabytes.items():
        print(f"{way:28}{size:10.1f}{size / megabytes[PLAIN]:9.2f}")


def print_accuracy(options: argparse.Namespace, ways: Sequence[str]) -> None:
    """Print the rank correlation with exact contributions, by way and precision."""
    print(f"\n{'Spearman':28}" + "".join(f"{kind:>15}" for kind in PRECISIONS))
    for way in ways:
        cells = [
            f"{rank_correlation(options, way, kind):15.5f}"
            if kind == "float32" or way != "difference"
            else f"{'refused':>15}"
            for kind in PRECISIONS
        ]
        print(f"{way:28}" + "".join(cells))


def several(step: Callable[[], None], steps: int) -> None:
    """Do some steps."""
    for _ in range(steps):
        step()


class Loop:
    """A model in training, in a precision, with contributions computed in a way; plain training if `way` is None."""

    def __init__(self, options: argparse.Namespace, way: str | None, refresh: int, precision: str) -> None:
        torch.manual_seed(0)
        self.options, self.is_plain, self.precision = options, way is None, precision
        self.model = LanguageModel(options.vocabulary, options.length, options.hidden, options.layers)
        if precision == "bfloat16":
            self.model.to(torch.bfloat16)
        self.data = torch.randint(2, options.vocabulary, (16 * options.batch, options.length + 1))
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=1e-3)
        self.weigh = online.Online(
            self.model,
            losses,
            examples=len(self.data),
            optimizer=self.optimiser,
            refresh=refresh,
            contributions=way or "hooks",
        )

    def loss(self) -> Tensor:
        """Return the loss of the next batch."""
        self.rows = torch.randint(len(self.data), (self.options.batch,))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.precision == "autocast"):
            if self.is_plain:
                return losses(self.model, self.data[self.rows]).mean()
            weights, current = self.weigh(self.data[self.rows], self.desired, self.rows)
            return weights @ current

    def desired(self) -> tuple[Tensor, Tensor]:
        """Return two batches of desired examples."""
        half = self.options.batch // 2
        return self.data[:half], self.data[half : self.options.batch]

    def step(self) -> None:
        """Do one training step."""
        loss = self.loss()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()


def precision_of(options: argparse.Namespace) -> str:
    """Return the precision in which to train."""
    return "autocast" if options.autocast else "bfloat16" if options.bfloat16 else "float32"


def rank_correlation(options: argparse.Namespace, way: str, precision: str) -> float:
    """Return Spearman's correlation of the contributions of BATCHES batches with exact ones."""
    loop = Loop(options, way, max(REFRESH), precision)
    several(loop.step, options.steps)
    pairs = []
    for _ in range(BATCHES):
        loop.loss()
        last = loop.weigh.last
        assert last is not None
        model = copy.deepcopy(loop.model).double()
        direction = [tensor.double() for tensor in loop.weigh.direction.values()]
        pairs.append((last.contributions.double(), exact(model, loop.data[loop.rows], direction)))
    first, second = (torch.cat(values) for values in zip(*pairs, strict=True))
    return spearman(first, second)


def exact(model: LanguageModel, batch: Tensor, direction: list[Tensor]) -> Tensor:
    """Return the products of the gradients of single examples with a direction, one example after the other."""
    products = []
    for example in batch:
        gradients = torch.autograd.grad(losses(model, example[None])[0], list(model.parameters()))
        products.append(torch.stack([(g * d).sum() for g, d in zip(gradients, direction, strict=True)]).sum())
    return torch.stack(products)


def memory(options: argparse.Namespace) -> float:
    """Return the increase of the memory of this process over some steps of a way, MB."""
    way = None if options.memory == PLAIN else options.memory
    loop = Loop(options, way, max(REFRESH), precision_of(options))
    return common.working_memory(partial(several, loop.step, options.steps + 1))


def measured(arguments: list[str], way: str) -> float:
    """Return the median result of `memory` in other processes, MB."""
    command = [sys.executable, "-m", "benchmarks.online_overhead", *arguments, "--memory", way]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(PROCESSES)]
    return statistics.median(float(run.stdout) for run in runs)


if __name__ == "__main__":
    main()
