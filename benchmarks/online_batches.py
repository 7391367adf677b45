"""What the online weights gain in mini-batch training: test loss beside plain training and an oracle, over seeds.

    python -m benchmarks.online_batches [--text my/stories.parquet] [--seeds 5] [--variants] ...

The model, the data and the training of examples/train_online.py. Every way of training is taken at its own best
learning rate by the mean desired loss over the run, every seed is another model, split and order. Prints Markdown:
means over the run and at its end, the share of the oracle's gain on test, with 95 % t intervals over the seeds.
--variants takes one case and leaves out one part of the method after the other. Half an hour on two cores.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

import pandas as pd

from examples import train_online
from examples.train_online import ONLINE, ORACLE, PLAIN
from lawpipe.analysis import gain
from lawpipe.analysis.intervals import mean_interval
from lawpipe.results.numbers import UNBROKEN, interval, share_of

SIZES = {"steps": 600, "examples": 4096, "hidden": 32, "length": 24}
RATES = {"adamw": ("0.01", "0.03", "0.1"), "sgd": ("0.3", "1", "3")}
CASES = [("adamw", 0.0), ("adamw", 0.25), ("adamw", 0.5), ("adamw", 0.75), ("sgd", 0.0), ("sgd", 0.5)]
#: The case in which variants are tried, and the options of the script that each of them is.
VARIED = ("adamw", 0.5)
VARIANTS = {
    "a new desired gradient every step": ["--refresh", "1", "--momentum", "0"],
    "without averages": ["--momentum", "0"],
    "without Adam's metric": ["--plain-metric"],
    "without memory of examples": ["--forget"],
    "forward mode": ["--contributions", "forward"],
}


class Task(NamedTuple):
    """What is trained in one case with one seed: ways of training, each with its name and options of its own."""

    case: tuple[str, float]
    seed: int
    arguments: list[str]
    ways: list[tuple[str, str, list[str]]]


def main(argv: list[str] | None = None) -> None:
    """Train, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--text", help="real stories; the embedded grammar without it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--variants", action="store_true", help="the method without one part after the other")
    options = parser.parse_args(argv)
    tasks = [task(options, case, seed) for case, seed in product(CASES, range(options.seeds))]
    if options.variants:
        tasks = [with_variants(each) for each in tasks if each.case == VARIED]
    outcomes = []
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done, found in enumerate(pool.map(outcome, tasks), start=1):
            outcomes += found
            print(f"{done} of {len(tasks)} seeds", file=sys.stderr, end="\r")
    print(file=sys.stderr)
    found = pd.DataFrame(outcomes)
    print("| optimiser, perturbed | way | mean test loss | at the end | share of the oracle's gain; at the end |")
    print("|---|---|---|---|---|")
    for case, rows in found.groupby("case", sort=False):
        for name in rows["name"].unique():
            print(line(str(case), str(name), rows))


def task(options: argparse.Namespace, case: tuple[str, float], seed: int) -> Task:
    """Return what is trained in a case with a seed."""
    optimiser, perturbed = case
    arguments = ["--optimiser", optimiser, "--perturbed", str(perturbed), "--seed", str(seed)]
    for name in SIZES:
        arguments += [f"--{name}", str(getattr(options, name))]
    if options.text is not None:
        arguments += ["--text", options.text]
    arguments += ["--learning-rates", *RATES[optimiser]]
    ways = train_online.ways(train_online.parser().parse_args(arguments))
    return Task(case, seed, arguments, [(way, way, []) for way in ways])


def with_variants(found: Task) -> Task:
    """Return the same with the variants of the method."""
    more = [(name, ONLINE, arguments) for name, arguments in VARIANTS.items()]
    return found._replace(ways=[*found.ways, *more])


def outcome(found: Task) -> list[dict[str, str | int | float]]:
    """Train every way at every rate; return what the best run of each came to."""
    optimiser, perturbed = found.case
    data = train_online.load(train_online.parser().parse_args(found.arguments))
    rows = []
    for name, way, more in found.ways:
        options = train_online.parser().parse_args([*found.arguments, *more])
        best = train_online.tuned(data, options, way)
        rows.append(
            {
                "case": f"{optimiser}, {perturbed:.0%}",
                "name": name,
                "seed": found.seed,
                "mean": float(best["test"].mean()),
                "end": float(best["test"].iloc[-1]),
                "rate": float(best["learning_rate"].iloc[0]),
                "weight": float(best["weight_on_perturbed"].iloc[0]),
            }
        )
    return rows


def line(case: str, name: str, rows: pd.DataFrame) -> str:
    """Return a row of the table."""
    own = rows[rows["name"] == name]
    rates = "/".join(f"{rate:g}" for rate in sorted(own["rate"].unique()))
    means = [interval(mean_interval(own[moment])) for moment in ("mean", "end")]
    shares = "; ".join(share(rows, name, moment) for moment in ("mean", "end")) if name not in (PLAIN, ORACLE) else ""
    cells = [case, f"{name}, rate {rates}, weight on perturbed {own['weight'].mean():.0%}", *means, shares]
    return f"| {' | '.join(cells)} |".replace(UNBROKEN, " ")


def share(rows: pd.DataFrame, name: str, moment: str) -> str:
    """Write the share of the oracle's gain, or the change against plain training where it has none."""
    of = {each: dict(zip(own["seed"], own[moment], strict=True)) for each, own in rows.groupby("name")}
    found = gain.share(of, name, PLAIN, ORACLE) if ORACLE in of else mean_interval([])
    if found.n_reached:
        return share_of(found)
    return f"{interval(gain.difference(of, name, PLAIN))} nats"


if __name__ == "__main__":
    main()
