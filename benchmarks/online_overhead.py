"""Cost of the online weights: processor time of a training step and peak memory, beside a plain step.

    python -m benchmarks.online_overhead [--hidden 128] [--length 64] [--batch 32] [--autocast | --bfloat16] ...

The model, the batches and AdamW of examples/train_online.py on random tokens, on one thread. Plain steps take turns
with steps of each way to compute contributions, at several intervals between desired gradients, in one process, so
that other work on the machine disturbs all of them alike; the ratio is that of the median
processor times. Memory is the increase of resident memory over some steps, each way in its own process (--memory).
--autocast and --bfloat16 train in these precisions.
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks import common
from examples.train_online import CONTRIBUTIONS, LanguageModel, losses
from lawpipe import online

PLAIN = "plain"
REFRESH = (1, online.REFRESH)
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
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    if options.memory is not None:
        print(memory(options))
        return
    common.print_machine()
    low = options.autocast or options.bfloat16
    ways = options.ways or [way for way in CONTRIBUTIONS if not (low and way == "difference")]
    loops = {PLAIN: looper(options, None, 1)}
    loops |= {f"{way}, refresh {k}": looper(options, way, k) for way in ways for k in options.refresh}
    actions = {name: partial(several, step, options.steps) for name, step in loops.items()}
    common.interleaved(actions, 1)  # warms up
    seconds = common.interleaved(actions, options.rounds)
    print(f"\n{'':28}{'ms / step':>10}{'/ plain':>9}")
    for name, spent in seconds.items():
        print(f"{name:28}{1e3 * spent / options.steps:10.2f}{spent / seconds[PLAIN]:9.2f}")
    arguments = sys.argv[1:] if argv is None else argv
    megabytes = {way: measured(arguments, way) for way in (PLAIN, *ways)}
    print(f"\n{'':28}{'MB':>10}{'/ plain':>9}")
    for way, size in megabytes.items():
        print(f"{way:28}{size:10.1f}{size / megabytes[PLAIN]:9.2f}")


def several(step: Callable[[], None], steps: int) -> None:
    """Do some steps."""
    for _ in range(steps):
        step()


def looper(options: argparse.Namespace, way: str | None, refresh: int) -> Callable[[], None]:
    """Return a function that does one training step; a plain one if `way` is None."""
    torch.manual_seed(0)
    model = LanguageModel(options.vocabulary, options.length, options.hidden, options.layers)
    if options.bfloat16:
        model.to(torch.bfloat16)
    data = torch.randint(2, options.vocabulary, (16 * options.batch, options.length + 1))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    weigh = online.Online(
        model, losses, examples=len(data), optimizer=optimiser, refresh=refresh, contributions=way or "hooks"
    )
    half = options.batch // 2

    def desired() -> tuple[Tensor, Tensor]:
        return data[:half], data[half : options.batch]

    def step() -> None:
        rows = torch.randint(len(data), (options.batch,))
        with precision(options):
            if way is None:
                loss = losses(model, data[rows]).mean()
            else:
                weights, current = weigh(data[rows], desired, rows)
                loss = weights @ current
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def precision(options: argparse.Namespace) -> AbstractContextManager[Any]:
    """Return the context of a forward pass."""
    return torch.autocast("cpu", dtype=torch.bfloat16) if options.autocast else nullcontext()


def memory(options: argparse.Namespace) -> float:
    """Return the increase of the memory of this process over some steps of a way, MB."""
    step = looper(options, None if options.memory == PLAIN else options.memory, max(REFRESH))
    return common.working_memory(partial(several, step, options.steps + 1))


def measured(arguments: list[str], way: str) -> float:
    """Return the median result of `memory` in other processes, MB."""
    command = [sys.executable, "-m", "benchmarks.online_overhead", *arguments, "--memory", way]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(PROCESSES)]
    return statistics.median(float(run.stdout) for run in runs)


if __name__ == "__main__":
    main()
