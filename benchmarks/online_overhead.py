"""Cost of the online weights: processor time of a training step and peak memory, beside a plain step.

    python -m benchmarks.online_overhead [--hidden 64] [--length 32] [--batch 32] ...

The model, the batches and AdamW of examples/train_online.py on random tokens, on one thread. Plain steps take turns
with steps of each way to compute contributions, at several intervals between desired gradients, in one process, so
that other work on the machine disturbs all of them alike; the ratio is that of the summed processor times. Memory is
the increase of resident memory over some steps with batches eight times as large, each in its own process (--memory).
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks import common
from examples.train_online import CONTRIBUTIONS, LanguageModel, losses
from lawpipe import online

REFRESH = (1, 4, online.REFRESH, 16)
#: The factor of the batch size where memory is measured, so that activations dominate.
LARGER = 8


def main(argv: list[str] | None = None) -> None:
    """Measure and print a table."""
    parser = common.parser(__doc__, hidden=64, length=32, batch=32, vocabulary=512, rounds=5, steps=32)
    parser.add_argument("--memory", help="only measure the memory of this way, MB: plain or a way")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    if options.memory is not None:
        print(memory(options))
        return
    common.print_machine()
    makers = {"plain": lambda: looper(options, None, 1)}
    for way in CONTRIBUTIONS:
        for refresh in REFRESH:
            makers[f"{way}, refresh {refresh}"] = lambda way=way, refresh=refresh: looper(options, way, refresh)
    loops = {name: make() for name, make in makers.items()}
    spent = dict.fromkeys(loops, 0.0)
    for turn in range(options.rounds + 1):
        for name, step in loops.items():
            began = time.process_time()
            for _ in range(options.steps):
                step()
            spent[name] += (time.process_time() - began) * (turn > 0)  # the first round warms up
    count = options.rounds * options.steps
    print(f"\n{'':24}{'ms / step':>10}{'/ plain':>9}")
    for name, seconds in spent.items():
        print(f"{name:24}{1e3 * seconds / count:10.2f}{seconds / spent['plain']:9.2f}")
    arguments = sys.argv[1:] if argv is None else argv
    plain = measured(arguments, options.batch, "plain")
    print(f"\n{'':24}{'MB':>10}{'/ plain':>9}\n{'plain':24}{plain:10.1f}{1:9.2f}")
    for way in CONTRIBUTIONS:
        megabytes = measured(arguments, options.batch, way)
        print(f"{way:24}{megabytes:10.1f}{megabytes / plain:9.2f}")


def looper(options: argparse.Namespace, way: str | None, refresh: int) -> Callable[[], None]:
    """Return a function that does one training step; a plain one if `way` is None."""
    torch.manual_seed(0)
    model = LanguageModel(options.vocabulary, options.length, options.hidden)
    data = torch.randint(2, options.vocabulary, (16 * options.batch, options.length + 1))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    contributions = CONTRIBUTIONS[way or "difference"]
    weigh = online.Online(
        model, losses, examples=len(data), optimizer=optimiser, refresh=refresh, contributions=contributions
    )
    uniform = torch.full((options.batch,), 1 / options.batch)
    half = options.batch // 2

    def desired() -> tuple[Tensor, Tensor]:
        return data[:half], data[half : options.batch]

    def step() -> None:
        rows = torch.randint(len(data), (options.batch,))
        batch = data[rows]
        weights, current = (uniform, losses(model, batch)) if way is None else weigh(batch, desired, rows)
        optimiser.zero_grad()
        (weights @ current).backward()
        optimiser.step()

    return step


def memory(options: argparse.Namespace) -> float:
    """Return the increase of the memory of this process over some steps of a way, MB."""
    step = looper(options, options.memory if options.memory in CONTRIBUTIONS else None, 1)
    return common.working_memory(lambda: [step() for _ in range(options.steps)])


def measured(arguments: list[str], batch: int, way: str) -> float:
    """Return the result of `memory` in another process, MB."""
    module = (sys.executable, "-m", "benchmarks.online_overhead")
    command = [*module, *arguments, "--batch", str(LARGER * batch), "--memory", way]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
