"""Gain of the online weights in mini-batch training: test loss beside plain training and an oracle, over seeds.

    python -m benchmarks.online_batches [--text my/stories.parquet] [--seeds 5] [--variants] ...

The model, the data and the training of examples/train_online.py. Each way of training uses its own best learning
rate, by the mean desired loss over the run; each seed is another model, split and order. Prints a Markdown table of
means over the run and at its end, and of the share of the oracle's gain on test, with 95 % t intervals over the
seeds. --variants takes one case and leaves out one part of the method at a time. Half an hour on two cores.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

import pandas as pd

from benchmarks import common
from examples import train_online
from examples.train_online import ONLINE, ORACLE, PLAIN
from lawpipe.analysis import gain
from lawpipe.analysis.intervals import mean_interval
from lawpipe.results.numbers import UNBROKEN, interval, share_of

SIZES = {"steps": 600, "examples": 4096, "hidden": 32, "length": 24}
RATES = {"adamw": ("0.01", "0.03", "0.1"), "sgd": ("0.3", "1", "3")}
CASES = [("adamw", 0.0), ("adamw", 0.25), ("adamw", 0.5), ("adamw", 0.75), ("sgd", 0.0), ("sgd", 0.5)]
#: The case in which variants are tried, and the options of the example for each of them.
VARIED = ("adamw", 0.5)
VARIANTS = {
    "a new desired gradient every step": ["--refresh", "1", "--momentum", "0"],
    "without averages": ["--momentum", "0"],
    "without Adam's metric": ["--plain-metric"],
    "without memory of examples": ["--forget"],
    "differences": ["--contributions", "difference"],
}


class Task(NamedTuple):
    """One case and seed, and the ways of training: the name, the way and its further options."""

    case: tuple[str, float]
    seed: int
    arguments: list[str]
    ways: list[tuple[str, str, list[str]]]


def main(argv: list[str] | None = None) -> None:
    """Train, and print the table."""
    parser = common.parser(__doc__, **SIZES, seeds=5)
    parser.add_argument("--text", help="real stories; the embedded grammar without it")
    parser.add_argument("--variants", action="store_true", help="leave out one part of the method at a time")
    options = parser.parse_args(argv)
    tasks = [task(options, case, seed) for case, seed in product(CASES, range(options.seeds))]
    if options.variants:
        tasks = [with_variants(task) for task in tasks if task.case == VARIED]
    outcomes = []
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done, rows in enumerate(pool.map(outcome, tasks), start=1):
            outcomes += rows
            print(f"{done} of {len(tasks)} seeds", file=sys.stderr, end="\r")
    print(file=sys.stderr)
    print("| optimiser, perturbed | way | mean test loss | at the end | share of the oracle's gain; at the end |")
    print("|---|---|---|---|---|")
    for case, rows in pd.DataFrame(outcomes).groupby("case", sort=False):
        for name in rows["name"].unique():
            print(line(str(case), str(name), rows))


def task(options: argparse.Namespace, case: tuple[str, float], seed: int) -> Task:
    """Return the task of a case and seed."""
    optimiser, perturbed = case
    arguments = ["--optimiser", optimiser, "--perturbed", str(perturbed), "--seed", str(seed)]
    for name in SIZES:
        arguments += [f"--{name}", str(getattr(options, name))]
    if options.text is not None:
        arguments += ["--text", options.text]
    arguments += ["--learning-rates", *RATES[optimiser]]
    ways = train_online.ways(train_online.parser().parse_args(arguments))
    return Task(case, seed, arguments, [(way, way, []) for way in ways])


def with_variants(plan: Task) -> Task:
    """Return a task with the variants of the method added."""
    variants = [(name, ONLINE, arguments) for name, arguments in VARIANTS.items()]
    return plan._replace(ways=[*plan.ways, *variants])


def outcome(plan: Task) -> list[dict[str, str | int | float]]:
    """Train in every way at every learning rate; return one row per way, of its best run."""
    optimiser, perturbed = plan.case
    data = train_online.load(train_online.parser().parse_args(plan.arguments))
    rows = []
    for name, way, more in plan.ways:
        options = train_online.parser().parse_args([*plan.arguments, *more])
        best = train_online.tuned(data, options, way)
        rows.append(
            {
                "case": f"{optimiser}, {perturbed:.0%}",
                "name": name,
                "seed": plan.seed,
                "mean": float(best["test"].mean()),
                "end": float(best["test"].iloc[-1]),
                "rate": float(best["learning_rate"].iloc[0]),
                "weight": float(best["weight_on_perturbed"].iloc[0]),
            }
        )
    return rows


def line(case: str, name: str, rows: pd.DataFrame) -> str:
    """Return one row of the table."""
    chosen = rows[rows["name"] == name]
    rates = "/".join(f"{rate:g}" for rate in sorted(chosen["rate"].unique()))
    means = [interval(mean_interval(chosen[moment])) for moment in ("mean", "end")]
    shares = "; ".join(share(rows, name, moment) for moment in ("mean", "end")) if name not in (PLAIN, ORACLE) else ""
    cells = [case, f"{name}, rate {rates}, weight on perturbed {chosen['weight'].mean():.0%}", *means, shares]
    return f"| {' | '.join(cells)} |".replace(UNBROKEN, " ")


def share(rows: pd.DataFrame, name: str, moment: str) -> str:
    """Return the share of the oracle's gain, or the change from plain training if there is no such gain."""
    losses = rows.pivot(index="seed", columns="name", values=moment)
    part = gain.share(losses, name, PLAIN, ORACLE) if ORACLE in losses else mean_interval([])
    if part.n_reached:
        return share_of(part)
    return f"{interval(gain.difference(losses, name, PLAIN))} nats"


if __name__ == "__main__":
    main()
