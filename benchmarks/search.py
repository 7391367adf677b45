"""The search methods on the same problems: the objective at a given cost, and the seconds.

    python benchmarks/search.py [--problems perceptron stories] [--seeds 0 1 2] ...
    python benchmarks/search.py --problems perceptron --methods steered_descent --seconds 50
    python benchmarks/search.py --problems perceptron --methods dynamic_programming --learning-rate 0.01 --seconds 600

Cost is the column of search.parquet: 1 for a gradient evaluation or another pass, 0.35 for a rejected trial run. The
paper's projected gradient runs at constant rates: 0.01 and 0.1 on the perceptron, 0.4, 4 and 40 on the stories. The
other methods have to reach the best of its results after 20 iterations. Prints one table per problem, and one row per
method and seed: the best policy's J, also on unseen examples and with weights moved by 1e-6, and the last step whose
desired loss is above the conventional one; and J of the last run with feedback, and of training again under the
weights that it left (nan without one). `--output` writes all rows as Parquet, which lawpipe.studies.methods draws.
`--reduced` takes fewer steps and examples: two minutes on one core.
"""

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import common
import numpy as np
import pandas as pd
import stories
import torch

from lawpipe.engine import stability
from lawpipe.run import random
from lawpipe.search.loop import Row, Search
from lawpipe.search.method import Method, load_method
from lawpipe.search.objective import Objective

PUBLISHED = "projected_gradient"
METHODS = ("feedback_descent", "mirror_descent", "accelerated_gradient")
#: Those for the perceptron alone.
OF_PERCEPTRON = ("steered_descent", "dynamic_programming")
#: Costs at which the table shows the objective.
COSTS = (2, 4, 7, 8, 12, 16, 20, 30)
#: The budget of searches that end after some seconds.
MOST_COST = 10_000.0


@dataclass(frozen=True)
class Size:
    """The size of a problem, and the rates and the budget of its searches."""

    steps: int
    examples: int
    reference_examples: int
    rates: tuple[float, ...]
    budget: float
    published_iterations: int


SIZES = {
    "perceptron": Size(2000, 4096, 512, (0.01, 0.1), 30, 30),
    "stories": Size(120, 128, 256, (0.4, 4.0, 40.0), 8, 20),
}
REDUCED = {
    "perceptron": replace(SIZES["perceptron"], steps=500, examples=1024, budget=15, published_iterations=15),
    "stories": replace(
        SIZES["stories"],
        steps=15,
        examples=32,
        reference_examples=32,
        budget=5,
        rates=(40.0,),
        published_iterations=5,
    ),
}


def main(argv: list[str] | None = None) -> None:
    """Search with every method and print the tables."""
    parser = common.parser(__doc__)
    parser.add_argument("--problems", nargs="+", choices=[*SIZES], default=[*SIZES])
    parser.add_argument("--methods", nargs="+", choices=[*METHODS, *OF_PERCEPTRON, PUBLISHED])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rates", nargs="+", type=float, help="rates of the projected gradient")
    parser.add_argument("--budget", type=float, help="cost at which a search ends, by default that of the problem")
    parser.add_argument("--seconds", type=float, default=math.inf, help="processor seconds after which a search ends")
    parser.add_argument("--reduced", action="store_true", help="small problems")
    parser.add_argument("--flip-fraction", type=float, default=0.0, help="perceptron: share of labels flipped")
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--precision", choices=["float32", "float64"], default="float32", help="of the perceptron")
    parser.add_argument("--gap-tolerance", type=float, default=0.0, help="gap / J at which a search ends")
    parser.add_argument("--change", nargs="+", default=[], help="other constants of the methods, as in gain=10")
    parser.add_argument("--output", type=Path, help="Parquet file for the rows of all searches")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    common.print_machine()
    collected = []
    for problem in options.problems:
        size = (REDUCED if options.reduced else SIZES)[problem]
        limited = math.isfinite(options.seconds)
        budget = options.budget or (MOST_COST if limited else size.budget)
        size = replace(size, rates=options.rates or size.rates, budget=budget)
        rows = pd.concat([_searches(problem, size, seed, options) for seed in options.seeds], ignore_index=True)
        _report(problem, size, rows)
        collected.append(rows)
        if options.output is not None:
            pd.concat(collected, ignore_index=True).to_parquet(options.output, compression="zstd")


def _searches(problem: str, size: Size, seed: int, options: argparse.Namespace) -> pd.DataFrame:
    """Search on one seed's problem with every method; return one row per outer iteration."""
    objective = BUILD[problem](size, seed, options)
    frames = []
    for name in options.methods or (*METHODS, PUBLISHED):
        for rate in size.rates if name == PUBLISHED else (None,):
            label = f"{name} at rate {rate:g}" if rate is not None else name
            settings = {"method": name, "rate": rate, "decay": "constant", "iterations": size.published_iterations}
            budget = math.inf if name == PUBLISHED else size.budget
            iterations = size.published_iterations if name == PUBLISHED else int(size.budget)
            print(f"{problem} seed {seed}: {label}", file=sys.stderr, flush=True)
            method = _changed(load_method(settings), options.change)
            frame = _searched(Search(objective, method, iterations, options.gap_tolerance), budget, options.seconds)
            frames.append(frame.assign(problem=problem, seed=seed, method=label))
    return pd.concat(frames, ignore_index=True)


def _searched(search: Search, budget: float, most_seconds: float) -> pd.DataFrame:
    """Search until a cost or a time is reached; return the rows with the processor seconds, and the best policy's."""
    began, seconds = time.process_time(), []

    def watch(row: Row) -> None:
        seconds.append(time.process_time() - began)
        if row.cost >= budget or seconds[-1] >= most_seconds:
            search.reason = f"a cost of {row.cost:g} is reached"

    search.on_row = watch
    search.run()
    return pd.DataFrame([vars(row) for row in search.rows]).assign(seconds=seconds, **_of_best(search))


def _of_best(search: Search) -> dict[str, float]:
    """Return what a search's best policy keeps when it is trained again, and where its curve is too high."""
    objective = search.objective
    run, value = objective.train(search.best)
    conventional, _ = objective.train(torch.full_like(search.best, 1 / search.best.shape[1]))
    above = np.flatnonzero(run.curve("desired") > conventional.curve("desired"))
    return {
        "replay": objective.train(stability.moved(search.best, 0))[1] / value - 1,
        "last_above": float(above.max()) if len(above) else 0.0,
    }


def _changed(method: Method, changes: list[str]) -> Method:
    """Return a method with other constants, where it has them."""
    pairs = (change.partition("=") for change in changes)
    return replace(
        method, **{name: type(getattr(method, name))(value) for name, _, value in pairs if hasattr(method, name)}
    )


def _perceptron(size: Size, seed: int, options: argparse.Namespace) -> Objective:
    """Return the objective of the paper's perceptron."""
    splits = common.perceptron_examples(
        size.examples, size.reference_examples, 128, flip_fraction=options.flip_fraction, seed=seed
    )
    dtype = getattr(torch, options.precision)
    problem = common.perceptron(splits, dtype)
    bound = problem.parameters**-0.5
    theta0 = random.generator(seed, "initialisation").uniform(-bound, bound, problem.parameters)
    return Objective(problem, torch.from_numpy(theta0).to(dtype), [options.learning_rate] * size.steps)


def _stories(size: Size, seed: int, options: argparse.Namespace) -> Objective:
    """Return the objective of a Transformer on stories of the grammar, half of its training windows perturbed."""
    drawn = stories.draw(size.examples, size.reference_examples, seed=seed)
    return Objective(drawn.problem(), drawn.theta0, [options.learning_rate] * size.steps)


BUILD: dict[str, Callable[[Size, int, argparse.Namespace], Objective]] = {
    "perceptron": _perceptron,
    "stories": _stories,
}


def _report(problem: str, size: Size, rows: pd.DataFrame) -> None:
    """Print for each method the best objective within a cost, relative to the start: the median over the seeds."""
    costs = [cost for cost in COSTS if cost <= max(size.budget, size.published_iterations)]
    count = rows["seed"].nunique()
    print(f"\n{problem}: T {size.steps}, N {size.examples}, K {size.reference_examples}, median of {count} seeds")
    print(f"{'best J within a cost, start = 1':34}" + "".join(f"{cost:>8}" for cost in costs), end="")
    print(f"{'to 0.62':>9}{'J end':>9}{'gap / J':>9}{'zeros':>7}{'s':>7}")
    for name, frame in rows.groupby("method", sort=False):
        runs = [run for _, run in frame.groupby("seed")]
        shares = [[_within(run, cost) for run in runs] for cost in costs]
        ends = [run.iloc[-1] for run in runs]
        columns = (
            (statistics.median(_cost_of(run, 0.62) for run in runs), "9.2f"),
            (statistics.median(run["objective"].min() for run in runs), "9.4f"),
            (statistics.median(end["gap"] / end["objective"] for end in ends), "9.2g"),
            (statistics.median(1 - end["active_fraction"] for end in ends), "7.0%"),
            (statistics.median(end["seconds"] for end in ends), "7.0f"),
        )
        print(f"{name:34}" + "".join(f"{statistics.median(share):8.3f}" for share in shares), end="")
        print("".join(format(value, form) for value, form in columns))
    _report_seeds(rows)
    published = rows[rows["method"].str.startswith(PUBLISHED)]
    if len(published):
        _race(rows, published)


def _report_seeds(rows: pd.DataFrame) -> None:
    """Print the best policy of every method and seed."""
    print(
        f"\n{'the best policy':34}{'seed':>6}{'J':>9}{'J unseen':>10}{'gap / J':>9}{'replay':>9}{'above':>7}{'s':>7}"
        f"{'feedback':>13}{'replayed':>13}"
    )
    for (name, seed), run in rows.groupby(["method", "seed"], sort=False):
        best, first = run.loc[run["objective"].idxmin()], run.iloc[0]
        print(
            f"{name:34}{seed:6}{best['objective'] / first['objective']:9.4f}"
            f"{best['test_objective'] / first['test_objective']:10.3f}{best['gap'] / best['objective']:9.2g}"
            f"{best['replay']:9.0e}{best['last_above']:7.0f}{run['seconds'].iloc[-1]:7.0f}",
            end="",
        )
        last = run[run["feedback_objective"].notna()].tail(1)
        both = (
            last[f"{name}_objective"].astype(float).mean() / first["objective"] for name in ("feedback", "replay")
        )
        print("".join(f"{share:13.7f}" for share in both))


def _race(rows: pd.DataFrame, published: pd.DataFrame) -> None:
    """Print the cost at which each method reaches the best result of the projected gradient, seed by seed."""
    best = published.groupby("seed")["objective"].min()
    for name, frame in rows[~rows.index.isin(published.index)].groupby("method", sort=False):
        costs = [_cost_of(run, best[seed] / run["objective"].iloc[0]) for seed, run in frame.groupby("seed")]
        print(f"{name}: reaches the best result of {PUBLISHED} at cost {', '.join(f'{cost:.2f}' for cost in costs)}")


def _within(run: pd.DataFrame, cost: float) -> float:
    """Return the lowest objective within a cost, as a share of the first."""
    return float(run.loc[run["cost"] <= cost + 1e-9, "objective"].min() / run["objective"].iloc[0])


def _cost_of(run: pd.DataFrame, share: float) -> float:
    """Return the first cost at which the objective is at or below a share of the first; infinite if never."""
    reached = run.loc[run["objective"] <= share * run["objective"].iloc[0], "cost"]
    return float(reached.min()) if len(reached) else float("inf")


if __name__ == "__main__":
    main(sys.argv[1:])
