"""What the online weights gain in mini-batch training: test loss beside plain training and an oracle, over seeds.

    python -m benchmarks.online_batches [--text my/stories.parquet] [--seeds 5] [--variants] ...

The model, the data and the training of scripts/train_online.py. Every way of training is taken at its own best
learning rate by the mean desired loss over the run, every seed is another model, split and order. Prints Markdown:
means over the run and at its end, the share of the oracle's gain on test, with 95 % t intervals over the seeds.
--variants takes one case and leaves out one part of the method after the other. A quarter of an hour on two cores.
"""

import argparse
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

import pandas as pd

from lawpipe.analysis import gain
from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures.words import UNBROKEN, over_seeds
from lawpipe.report.compare import as_over_seeds
from lawpipe.report.gains import share_of
from scripts import train_online
from scripts.train_online import ONLINE, ORACLE, PLAIN

SIZES = {"steps": 600, "examples": 4096, "hidden": 32, "length": 24}
RATES = {"adamw": ("0.01", "0.03", "0.1"), "sgd": ("0.3", "1", "3")}
CASES = [("adamw", 0.0), ("adamw", 0.25), ("adamw", 0.5), ("adamw", 0.75), ("sgd", 0.0), ("sgd", 0.5)]
#: What each variant of the method is without, as options of the script; in the case of half of the windows.
VARIANTS = {
    "a new desired gradient every step": ["--refresh", "1", "--momentum", "0"],
    "without averages": ["--momentum", "0"],
    "without Adam's metric": ["--plain-metric"],
    "without memory of examples": ["--forget"],
    "forward mode": ["--contributions", "forward"],
}


class Run(NamedTuple):
    """One way of training in one case, with one seed."""

    case: tuple[str, float]
    way: str
    seed: int
    arguments: list[str]
    name: str


def main(argv: list[str] | None = None) -> None:
    """Train, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--text", help="real stories; the embedded grammar without it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--variants", action="store_true", help="the method without one part after the other")
    options = parser.parse_args(argv)
    runs = list(variants(options) if options.variants else cases(options))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        outcomes = []
        for each in pool.map(outcome, runs):
            outcomes.append(each)
            print(f"trained {len(outcomes)} of {len(runs)}", file=sys.stderr, end="\r")
    print(file=sys.stderr)
    found = pd.DataFrame(outcomes)
    print("| optimiser, perturbed | way | mean test loss | at the end | share of the oracle's gain; at the end |")
    print("|---|---|---|---|---|")
    for case, rows in found.groupby("case", sort=False):
        for name in rows["name"].unique():
            print(line(str(case), str(name), rows))


def cases(options: argparse.Namespace) -> Iterator[Run]:
    """Yield the runs of all ways in all cases."""
    for case, seed in product(CASES, range(options.seeds)):
        arguments = command(options, case, seed)
        for way in train_online.ways(train_online.parser().parse_args(arguments)):
            yield Run(case, way, seed, arguments, way)


def variants(options: argparse.Namespace) -> Iterator[Run]:
    """Yield the runs of the variants in one case."""
    case = ("adamw", 0.5)
    for seed in range(options.seeds):
        arguments = command(options, case, seed)
        for way in (PLAIN, ORACLE, ONLINE):
            yield Run(case, way, seed, arguments, way)
        for name, more in VARIANTS.items():
            yield Run(case, ONLINE, seed, [*arguments, *more], name)


def command(options: argparse.Namespace, case: tuple[str, float], seed: int) -> list[str]:
    """Return the script's arguments."""
    optimiser, perturbed = case
    arguments = ["--optimiser", optimiser, "--perturbed", str(perturbed), "--seed", str(seed)]
    for name in SIZES:
        arguments += [f"--{name}", str(getattr(options, name))]
    if options.text is not None:
        arguments += ["--text", options.text]
    return [*arguments, "--learning-rates", *RATES[optimiser]]


def outcome(run: Run) -> dict[str, str | int | float]:
    """Train at every rate; return what the best run came to."""
    options = train_online.parser().parse_args(run.arguments)
    best = train_online.tuned(train_online.load(options), options, run.way)
    optimiser, perturbed = run.case
    return {
        "case": f"{optimiser}, {perturbed:.0%}",
        "name": run.name,
        "seed": run.seed,
        "mean": float(best["test"].mean()),
        "end": float(best["test"].iloc[-1]),
        "rate": float(best["learning_rate"].iloc[0]),
        "weight": float(best["weight_on_perturbed"].iloc[0]),
    }


def line(case: str, name: str, rows: pd.DataFrame) -> str:
    """Return a row of the table."""
    own = rows[rows["name"] == name]
    rates = "/".join(f"{rate:g}" for rate in sorted(own["rate"].unique()))
    means = [over_seeds(as_over_seeds(mean_interval(own[moment]))) for moment in ("mean", "end")]
    shares = "; ".join(share(rows, name, moment) for moment in ("mean", "end")) if name not in (PLAIN, ORACLE) else ""
    cells = [case, f"{name}, rate {rates}, weight on perturbed {own['weight'].mean():.0%}", *means, shares]
    return f"| {' | '.join(cells)} |".replace(UNBROKEN, " ")


def share(rows: pd.DataFrame, name: str, moment: str) -> str:
    """Write the share of the oracle's gain, or the change against plain training where it has none."""
    of = {each: dict(zip(own["seed"], own[moment], strict=True)) for each, own in rows.groupby("name")}
    found = gain.share(of, name, PLAIN, ORACLE) if ORACLE in of else mean_interval([])
    if found.n_reached:
        return share_of(found)
    return f"{over_seeds(as_over_seeds(gain.difference(of, name, PLAIN)))} nats"


if __name__ == "__main__":
    main()
