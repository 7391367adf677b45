"""Online weights in mini-batch training, beside training on the desired windows themselves: test losses over seeds.

    python -m benchmarks.online_batches [--text my/stories.parquet] [--desired 256 16] [--output rows.parquet] ...

The model, the data and the training of examples/train_online.py. Whoever has K desired windows can also train on
them: in every batch (mixing), instead of the training windows, or at the end (fine-tuning). Each way of training has
the learning rate, and the share of desired windows, with the lowest loss at the end of training on desired windows
that it does not use: a quarter of the K is held out while choosing, and the run is repeated with all K. Where the
last steps are on desired windows alone, training stops early by the same loss. A second choice is by the test loss,
as an oracle would make it. Ways that use no desired windows choose by all K.

The way "chosen" is what a user can do: uniform weights, unless another way has a lower loss on the K windows, by
cross-validation in four folds, by more than one standard error over the windows; then the way with the lowest loss.

The K windows are the first of the largest K, so that the training and test windows are the same for every K. Rows
that --output already has are not computed again. Prints a Markdown table of losses at the end with 95 % t intervals
over the seeds; in brackets the change at the settings that are best on test. --ways also takes further rules, and
variants of the method, each without one part of it. About six minutes of one core per seed and share.
"""

import argparse
import functools
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks import common
from examples import train_online
from examples.train_online import Data, losses
from lawpipe import online
from lawpipe.analysis import gain
from lawpipe.analysis.intervals import mean_interval
from lawpipe.problems.language_model import perturb
from lawpipe.results.numbers import UNBROKEN, interval, number
from lawpipe.run import files, random

SIZES = {"steps": 300, "examples": 4096, "hidden": 32, "length": 16, "vocabulary": 512, "batch": 32, "test": 512}
#: The learning rate at which the choice starts, by optimiser, and the factor to the next one.
RATES, FACTOR = {"adamw": 0.03, "sgd": 1.0}, math.sqrt(10)
#: Shares of a batch, and shares of the steps at the end; the choice starts in the middle.
MIXED, LAST = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4), (0.1, 0.2, 0.4)
#: Losses are measured so many times where training may stop early.
MEASURED = 10
#: The desired windows are held out in so many parts: the last one while settings are chosen, each of them in turn
#: while a way is.
FOLDS = 4
#: Pieces of so many tokens are shuffled; so many windows are copied.
PIECE, COPIED = 4, 16
#: The change of the exponent of `tilt` per unit of correlation, and its upper end.
TILT, MOST = 0.1, 8.0

#: Weights [B] that sum to 1, and losses [B] for the backward pass, of training windows and their numbers.
Rule = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
#: Makes online weights, with some arguments changed; draws a batch from each half of the desired windows.
Make = Callable[..., online.Online]
Halves = Callable[[], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Way:
    """How the training windows of a batch are weighed, and how the desired windows take part.

    `shares` are the candidates for the share of desired windows in every batch or, with `at_end`, for the share of
    the steps, at the end, that are on desired windows alone. `variant` changes the arguments of `Online`.
    """

    rule: str = "even"
    shares: tuple[float, ...] = (0.0,)
    at_end: bool = False
    variant: dict[str, Any] = field(default_factory=dict)

    @property
    def uses_desired(self) -> bool:
        """Whether the way trains on desired windows or weighs by them."""
        return self.rule in ("online", "positive", "tilt") or max(self.shares) > 0

    def alone_from(self, share: float, steps: int) -> int:
        """Return the first step of those on desired windows alone; `steps` if there is none."""
        if self.at_end:
            return steps - round(share * steps)
        return 0 if share == 1 else steps


UNIFORM, ORACLE = "uniform", "oracle"
WAYS = {
    UNIFORM: Way(),
    ORACLE: Way("clean"),
    "1 / loss": Way("inverse"),
    "online": Way("online"),
    "mixing": Way(shares=MIXED),
    "online + mixing": Way("online", shares=MIXED),
    "desired alone": Way(shares=(1.0,)),
    "fine-tuning": Way(shares=LAST, at_end=True),
}
#: The choice between uniform weights and these.
CHOSEN, CANDIDATES = "chosen", ("online", "mixing", "online + mixing")
#: Ways whose losses are compared with each other, too.
PAIRS = [("online", "mixing"), ("online + mixing", "mixing")]
VARIANTS = {
    "tilt": Way("tilt"),
    "max(CT, 0)": Way("positive"),
    "a new desired gradient every step": Way("online", variant={"refresh": 1, "momentum": 0.0}),
    "without averages": Way("online", variant={"momentum": 0.0}),
    "without the optimiser's metric": Way("online", variant={"optimizer": None}),
    "without memory of examples": Way("online", variant={"examples": None}),
    "differences": Way("online", variant={"contributions": "difference"}),
}


class Setting(NamedTuple):
    """The share of desired windows, and the point of the grid of learning rates."""

    share: float
    rate: int


class Run(NamedTuple):
    """Measured steps, losses of each desired window then [S, K], test loss [S]; mean weight of corrupted windows."""

    steps: list[int]
    desired: NDArray[np.float64]
    test: NDArray[np.float64]
    on_corrupted: float


def main(argv: list[str] | None = None) -> None:
    """Train what is missing, and print the table."""
    parser = common.parser(__doc__, **SIZES, seeds=3)
    parser.add_argument("--text", help="real stories; the embedded grammar without it")
    parser.add_argument("--optimiser", choices=[*RATES], default="adamw")
    parser.add_argument("--corruptions", nargs="+", choices=[*CORRUPTIONS], default=["perturbed"])
    parser.add_argument("--corrupted", nargs="+", type=float, default=[0.0, 0.25, 0.5], help="shares of the windows")
    parser.add_argument("--desired", nargs="+", type=int, default=[256, 16], help="K")
    parser.add_argument("--ways", nargs="+", choices=[*WAYS, CHOSEN, *VARIANTS], default=[*WAYS, CHOSEN])
    parser.add_argument("--output", type=Path, help="Parquet file of the rows, which are added to those it has")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    common.print_machine()
    table = pd.DataFrame()
    if options.output is not None and options.output.exists():
        table = pd.read_parquet(options.output)
    for case in product(range(options.seeds), options.corruptions, options.corrupted):
        known = keys(table)
        rows = list(outcomes(options, *case, known))
        table = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
        if rows and options.output is not None:
            with files.whole(options.output) as temporary:
                table.to_parquet(temporary, index=False, compression="zstd")
    print_table(table)


def keys(table: pd.DataFrame) -> set[tuple[Any, ...]]:
    """Return what the rows of a table are about."""
    names = ["seed", "corruption", "corrupted", "desired", "way"]
    return set(table[names].itertuples(index=False, name=None)) if len(table) else set()


def outcomes(
    options: argparse.Namespace, seed: int, corruption: str, corrupted: float, known: set[tuple[Any, ...]]
) -> Iterator[dict[str, Any]]:
    """Train in every way with every K, but for what is known; yield a row for each choice."""
    wanted = [
        (count, name)
        for count, name in product(options.desired, options.ways)
        if (seed, corruption, corrupted, count, name) not in known
        and not (name == ORACLE and corrupted == 0)
        and count <= max(options.desired)
    ]
    if not wanted:
        return
    arguments = ["--optimiser", options.optimiser, "--perturbed", "0", "--seed", str(seed)]
    arguments += ["--desired", str(max(options.desired))]
    for name in SIZES:
        arguments += [f"--{name}", str(getattr(options, name))]
    if options.text is not None:
        arguments += ["--text", options.text]
    settings = train_online.parser().parse_args(arguments)
    data = CORRUPTIONS[corruption](train_online.load(settings), corrupted, seed)
    trials = Trials(data, settings, RATES[options.optimiser])
    for count, name in wanted:
        began = time.process_time()
        outcome = trials.chosen(count) if name == CHOSEN else trials.outcome(name, count)
        for chosen_by, choice in outcome.items():
            case = {"seed": seed, "corruption": corruption, "corrupted": corrupted, "desired": count, "way": name}
            yield case | {"chosen_by": chosen_by} | choice | {"seconds": time.process_time() - began}
        print(*case.values(), f"{time.process_time() - began:.1f} s", file=sys.stderr)


class Trials:
    """Training runs on some data, each made once."""

    def __init__(self, data: Data, options: argparse.Namespace, rate: float) -> None:
        self.data, self.options, self.first_rate = data, options, rate
        self.runs: dict[tuple[int, int, range, Setting], Run] = {}

    def rate(self, k: int) -> float:
        """Return point k of the grid of learning rates."""
        return self.first_rate * FACTOR**k

    def run(self, way: Way, count: int, held: range, setting: Setting) -> Run:
        """Return the run with the first `count` desired windows without those that are held out."""
        held = held if way.uses_desired else range(0)
        key = (id(way), count, held, setting)
        if key not in self.runs:
            trusted = torch.tensor([row for row in range(count) if row not in held])
            self.runs[key] = train(self.data, self.options, way, trusted, setting.share, self.rate(setting.rate))
        return self.runs[key]

    def settings(self, way: Way, count: int) -> dict[str, Setting]:
        """Return the settings with the lowest loss on desired windows held out, and on test windows."""
        tried: dict[Setting, Run] = {}

        def held_out(share: float, rate: int) -> float:
            setting = Setting(share, rate)
            run = tried[setting] = self.run(way, count, folds(count)[-1], setting)
            return lowest(run, self.choosing(way, count, run))[1]

        middle = len(way.shares) // 2
        share = way.shares[climb(lambda i: held_out(way.shares[i], 0), middle, 0, len(way.shares) - 1)]
        rate = climb(functools.partial(held_out, share), 0, -3, 3)
        best = min(tried, key=lambda setting: lowest(tried[setting], tried[setting].test)[1])
        return {"held_out": Setting(share, rate), "test": best}

    def choosing(self, way: Way, count: int, run: Run) -> NDArray[np.float64]:
        """Return the losses by which settings are chosen, [S]: on desired windows that the way has not used."""
        unused = folds(count)[-1] if way.uses_desired else range(count)
        result: NDArray[np.float64] = run.desired[:, unused].mean(axis=1)
        return result

    def outcome(self, name: str, count: int) -> dict[str, dict[str, Any]]:
        """Return what the run with all windows has at each of the settings, stopped where it was best to."""
        way = (WAYS | VARIANTS)[name]
        result = {}
        for chosen_by, setting in self.settings(way, count).items():
            trial = self.run(way, count, folds(count)[-1], setting)
            curve = self.choosing(way, count, trial) if chosen_by == "held_out" else trial.test
            stop, loss = lowest(trial, curve)
            final = self.run(way, count, range(0), setting)
            result[chosen_by] = {
                "chosen_way": name,
                "share": setting.share,
                "rate": self.rate(setting.rate),
                "stop": trial.steps[stop],
                "loss_chosen_by": loss,
                "test": float(final.test[stop]),
                "weight_on_corrupted": final.on_corrupted,
            }
        return result

    def chosen(self, count: int) -> dict[str, dict[str, Any]]:
        """Return the outcome of uniform weights or of the candidate that is better by more than a standard error."""
        outcomes = {name: self.outcome(name, count) for name in (UNIFORM, *CANDIDATES)}
        base = self.cross_validated(UNIFORM, count)
        changes = {name: self.cross_validated(name, count) - base for name in CANDIDATES}
        best = min(changes, key=lambda name: float(changes[name].mean()))
        error = changes[best].std(ddof=1) / math.sqrt(count)
        name = best if changes[best].mean() + error < 0 else UNIFORM
        told = min(outcomes.values(), key=lambda outcome: float(outcome["test"]["test"]))
        return {"held_out": outcomes[name]["held_out"], "test": told["test"]}

    def cross_validated(self, name: str, count: int) -> NDArray[np.float64]:
        """Return the loss of each desired window at the end of training without its fold, [K]."""
        way = WAYS[name]
        setting = self.settings(way, count)["held_out"]
        parts = [self.run(way, count, fold, setting).desired[-1, fold] for fold in folds(count)]
        return np.concatenate(parts)


def folds(count: int) -> list[range]:
    """Return the parts of the desired windows that are held out, about equal; the last has ceil(K / FOLDS)."""
    ends = [count - math.ceil(count * part / FOLDS) for part in range(FOLDS, -1, -1)]
    return [range(start, stop) for start, stop in itertools.pairwise(ends)]


def lowest(run: Run, curve: NDArray[np.float64]) -> tuple[int, float]:
    """Return the index of the lowest loss of a run, and that loss, infinite where none is finite."""
    finite = np.where(np.isfinite(curve), curve, np.inf)
    return int(finite.argmin()), float(finite.min())


def climb(loss: Callable[[int], float], start: int, low: int, high: int) -> int:
    """Return an integer whose neighbours have no lower loss, from a start, within low..high."""
    best = start
    for side in (1, -1):
        while low <= best + side <= high and loss(best + side) < loss(best):
            best += side
        if best != start:
            break
    return best


def train(data: Data, options: argparse.Namespace, way: Way, rows_trusted: Tensor, share: float, rate: float) -> Run:
    """Train once with some of the desired windows, by their numbers."""
    model, optimiser, schedule = train_online.prepared(data, options, rate)
    generator = torch.Generator().manual_seed(options.seed)
    trusted = data.windows["desired"][rows_trusted]
    halves = functools.partial(train_online.two_batches, trusted, options.batch, generator)
    arguments = {"examples": options.examples, "optimizer": optimiser} | way.variant
    weigh = RULES[way.rule](model, functools.partial(make_online, model, arguments), halves)
    rows = torch.nonzero(~data.corrupted).flatten() if way.rule == "clean" else torch.arange(len(data.corrupted))
    alone_from = way.alone_from(share, options.steps)
    inside = 0 if way.at_end else round(share * options.batch)
    steps, desired, test, on_corrupted = [], [], [], []
    for step in range(options.steps + 1):
        alone = step >= alone_from
        if step == options.steps or (alone and step % max(1, options.steps // MEASURED) == 0):
            steps.append(step)
            with torch.no_grad():
                desired.append(losses(model, data.windows["desired"]).numpy())
                test.append(train_online.evaluate(model, data.windows["test"]))
        if step == options.steps:
            break
        number_desired = options.batch if alone else inside
        loss = torch.zeros(())
        if number_desired < options.batch:
            chosen = rows[torch.randint(len(rows), (options.batch - number_desired,), generator=generator)]
            weights, current = weigh(data.windows["train"][chosen], chosen)
            loss = loss + (1 - number_desired / options.batch) * (weights @ current)
            on_corrupted.append(float(weights[data.corrupted[chosen]].sum()))
        if number_desired:
            drawn = torch.randint(len(trusted), (number_desired,), generator=generator)
            loss = loss + number_desired / options.batch * losses(model, trusted[drawn]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    mean_weight = float(np.mean(on_corrupted)) if on_corrupted else math.nan
    return Run(steps, np.array(desired, dtype=np.float64), np.array(test), mean_weight)


def make_online(model: train_online.LanguageModel, arguments: dict[str, Any], **changed: Any) -> online.Online:
    """Return online weights of a model."""
    return online.Online(model, losses, **(arguments | changed))


def even(model: train_online.LanguageModel, make: Make, halves: Halves) -> Rule:
    """Return the rule of equal weights."""

    def rule(batch: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        return torch.full((len(batch),), 1 / len(batch)), losses(model, batch)

    return rule


def inverse(model: train_online.LanguageModel, make: Make, halves: Halves) -> Rule:
    """Return the rule of weights proportional to 1 / loss."""

    def rule(batch: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        current = losses(model, batch)
        scores = 1 / current.detach().clamp(min=1e-6)
        return scores / scores.sum(), current

    return rule


def by_online(model: train_online.LanguageModel, make: Make, halves: Halves) -> Rule:
    """Return the rule of online weights."""
    weigh = make()
    return lambda batch, rows: weigh(batch, halves, rows if weigh.examples is not None else None)


def positive(model: train_online.LanguageModel, make: Make, halves: Halves) -> Rule:
    """Return the rule of weights proportional to the contribution where it is above 0."""
    weigh = make(examples=None)

    def rule(batch: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        even, current = weigh(batch, halves)
        scores = weigh.last.contributions.clamp(min=0) if weigh.last is not None else even
        return (scores / scores.sum() if float(scores.sum()) > 0 else torch.full_like(even, 1 / len(even))), current

    return rule


def tilt(model: train_online.LanguageModel, make: Make, halves: Halves) -> Rule:
    """Return the rule of weights softmax(-a x), x = log(loss / mean loss + 0.3), whose exponent a learns.

    The exponent follows the evidence times the correlation, under the weights, of -x with the contributions.
    """
    weigh = make(examples=None)
    exponent = 0.0

    def rule(batch: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal exponent
        current = weigh(batch, halves)[1]
        detached = current.detach()
        x = (detached / detached.mean() + 0.3).log()
        weights = (-exponent * x).softmax(dim=0)
        if weigh.last is not None:
            pairs = torch.stack([-x, weigh.last.contributions])
            covariance = torch.cov(pairs, aweights=weights)
            correlation = float(covariance[0, 1] / (covariance[0, 0] * covariance[1, 1]).sqrt())
            if math.isfinite(correlation):
                exponent = min(max(exponent + TILT * weigh.evidence * correlation, 0.0), MOST)
        return weights, current

    return rule


RULES = {"even": even, "clean": even, "inverse": inverse, "online": by_online, "positive": positive, "tilt": tilt}


def perturbed(data: Data, share: float, seed: int) -> Data:
    """Perturb a share of the training windows as in arXiv 2402.17759."""
    settings = {"fraction": share, "operations": 20, "mix": {"replace": 1.0, "delete": 1.0, "repeat": 1.0}}
    tokens = data.windows["train"].numpy().astype(np.int32)
    tokens, corrupted = perturb.apply(tokens, data.vocabulary, settings, seed)
    return _with(data, tokens, corrupted)


def shuffled(data: Data, share: float, seed: int) -> Data:
    """Cut a share of the training windows into pieces of PIECE tokens, and put these in random order."""
    tokens = data.windows["train"].numpy().copy()
    generator = random.generator(seed, "shuffled")
    corrupted = _chosen(len(tokens), share, generator)
    for row in np.flatnonzero(corrupted):
        length = int((tokens[row] != train_online.PAD).sum())
        pieces = np.array_split(tokens[row, :length], math.ceil(length / PIECE))
        tokens[row, :length] = np.concatenate([pieces[i] for i in generator.permutation(len(pieces))])
    return _with(data, tokens, corrupted)


def boilerplate(data: Data, share: float, seed: int) -> Data:
    """Replace a share of the training windows by copies of COPIED of them."""
    tokens = data.windows["train"].numpy().copy()
    generator = random.generator(seed, "boilerplate")
    corrupted = _chosen(len(tokens), share, generator)
    rows = np.flatnonzero(corrupted)
    tokens[rows] = tokens[generator.choice(rows[:COPIED], len(rows))] if len(rows) else tokens[rows]
    return _with(data, tokens, corrupted)


CORRUPTIONS = {"perturbed": perturbed, "shuffled": shuffled, "boilerplate": boilerplate}


def _chosen(count: int, share: float, generator: np.random.Generator) -> NDArray[np.bool_]:
    result = np.zeros(count, dtype=np.bool_)
    result[generator.permutation(count)[: round(share * count)]] = True
    return result


def _with(data: Data, tokens: NDArray[Any], corrupted: NDArray[np.bool_]) -> Data:
    windows = dict(data.windows) | {"train": torch.from_numpy(tokens.astype(np.int64))}
    return Data(windows, torch.from_numpy(corrupted), data.vocabulary)


def print_table(table: pd.DataFrame) -> None:
    """Print the test losses at the end, in nats: of uniform weights, what the other ways change, and PAIRS."""
    names = [name for name in (*WAYS, CHOSEN, *VARIANTS) if name != UNIFORM and name in set(table["way"])]
    pairs = [f"{name} less {other}" for name, other in PAIRS]
    print(f"\n| corrupted | K | {UNIFORM} | {' | '.join([*names, *pairs])} |")
    print("|---" * (3 + len(names) + len(pairs)) + "|")
    order = table["corruption"].map([*CORRUPTIONS].index)
    cases = table.assign(order=order).sort_values(["order", "corrupted", "desired"], ascending=[True, True, False])
    for (corruption, corrupted, desired), rows in cases.groupby(["corruption", "corrupted", "desired"], sort=False):
        chosen, best = (
            rows[rows["chosen_by"] == by].pivot(index="seed", columns="way", values="test")
            for by in ("held_out", "test")
        )
        cells = [f"{corrupted:.0%} {corruption}" if corrupted else "0 %", str(desired)]
        cells.append(interval(mean_interval(chosen[UNIFORM])))
        for name in names:
            change = gain.difference(chosen, name, UNIFORM)
            oracle = number(gain.difference(best, name, UNIFORM).mean)
            cells.append(f"{interval(change)} ({oracle})" if change.n else "-")
        cells += [interval(gain.difference(chosen, *pair)) for pair in PAIRS]
        print(f"| {' | '.join(cells)} |".replace(UNBROKEN, " "))


if __name__ == "__main__":
    main()
