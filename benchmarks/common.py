"""What the benchmarks share: options, clocks, speeds of this machine, memory, the paper's perceptron."""

import argparse
import json
import resource
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from lawpipe.compute import devices
from lawpipe.problems.perceptron import gaussian
from lawpipe.problems.perceptron.labelled import Examples
from lawpipe.problems.perceptron.losses import Perceptron
from lawpipe.run import provenance
from lawpipe.run.splits import REQUIRED

Action = Callable[[], object]


def parser(description: str | None, **sizes: int) -> argparse.ArgumentParser:
    """Return a parser with an integer option, and its default, for each of the sizes."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in sizes.items():
        options.add_argument(f"--{name}", type=int, default=value)
    return options


def print_machine() -> None:
    """Print the hardware and the versions of the libraries as one line of JSON."""
    print(json.dumps(provenance.hardware() | provenance.versions()))


def timed(action: Action, clock: Callable[[], float] = time.process_time) -> float:
    """Return the seconds of one call: processor time by default, which other work on the machine hardly changes."""
    started = clock()
    action()
    return clock() - started


def interleaved(
    actions: Mapping[str, Action], repeats: int, clock: Callable[[], float] = time.process_time
) -> dict[str, float]:
    """Return the median seconds of each action; the actions take turns, so that disturbances affect all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            seconds[name].append(timed(action, clock))
    return {name: statistics.median(values) for name, values in seconds.items()}


def copy_speed() -> float:
    """Return the bytes per second that one thread reads and writes in a copy of 2 MiB, in cache like the features."""
    source = torch.rand(2**19)
    target = torch.empty_like(source)
    best = min(timed(lambda: [target.copy_(source) for _ in range(200)]) for _ in range(5))
    return 200 * 2 * source.nbytes / best


def product_speed() -> float:
    """Return the operations per second of a large matrix product."""
    left, right = torch.rand(1024, 1024), torch.rand(1024, 1024)
    return 2 * 1024**3 / min(timed(lambda: torch.mm(left, right)) for _ in range(5))


def working_memory(action: Action) -> float:
    """Return the largest increase of resident memory during an action, MB, sampled every millisecond."""
    before, highest, done = _resident(), 0.0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.wait(0.001):
            highest = max(highest, _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    action()
    done.set()
    watcher.join()
    return highest - before


def _resident() -> float:
    """Return the resident memory of this process, MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def perceptron_examples(
    examples: int, desired: int, dimension: int, *, flip_fraction: float = 0.0, seed: int = 0
) -> dict[str, Examples]:
    """Draw the examples of the paper's perceptron at the given size; as many test examples as desired ones."""
    data = {
        "dimension": dimension,
        "train_examples": examples,
        "desired_examples": desired,
        "test_examples": desired,
        "train_variance": 3.0,
        "desired_mean": 0.5,
        "desired_variance": 1.0,
        "flip_fraction": flip_fraction,
        "flip_by": "chance",
        "duplicates": 0,
        "dependent": 0,
    }
    return gaussian.draw(data, seed, REQUIRED)


def perceptron(splits: Mapping[str, Examples], dtype: torch.dtype = torch.float32) -> Perceptron:
    """Return the perceptron on these examples, on the CPU."""
    references = {name: split for name, split in splits.items() if name != "train"}
    return Perceptron(splits["train"], references, dtype, devices.device("cpu"))


def uniform(steps: int, examples: int) -> torch.Tensor:
    """Return the conventional policy, [T, N]."""
    return torch.full((steps, examples), 1 / examples)
