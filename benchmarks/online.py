"""The online policy against tuned baselines, on unseen test examples, at many shares of spoilt examples.

    python benchmarks/online.py [--problems perceptron] [--shares 0 0.25 0.5 0.75] [--desired 512] [--seeds 0 1 2 3 4]

Every method at the learning rate with the lowest J on the desired examples, full-batch gradient descent. `searched`
is the near-optimal policy that a search finds at the rate of uniform weights (--searched: on so many of the seeds).
Prints, for each share, J on test and the share of the oracle's gain over uniform weights (paired by seed, 95 % t
intervals); `--output` keeps all rows as Parquet. `make online` compares the same through the workflow, with
similarity and gap.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lawpipe import devices, provenance, seeds
from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.controls import feedback, rates
from lawpipe.controls.feedback import Begin
from lawpipe.data import corpus, gaussian, perturb, tokenizer, windows
from lawpipe.engine.trajectory import Trajectory
from lawpipe.models.transformer import Transformer
from lawpipe.policies import greedy, inverse_loss, online
from lawpipe.problems import Problem
from lawpipe.problems.language_model import LanguageModel
from lawpipe.problems.perceptron import Perceptron
from lawpipe.search import method
from lawpipe.search.loop import Search
from lawpipe.search.objective import Objective

REFERENCES = ("desired", "test")
#: Steps, training and test examples of each problem, the rate that the grid starts at, and iterations of the search.
SIZES = {"perceptron": (600, 2048, 2048, 1.0, 12), "stories": (60, 96, 256, 1.0, 6)}
#: Tokens of a story's window and of the vocabulary; the model's width.
LENGTH, VOCABULARY, HIDDEN = 16, 300, 32
OPERATIONS = 20


@dataclass(frozen=True)
class Task:
    """A problem, its start, and which of its training examples are spoilt."""

    problem: Problem
    theta0: Tensor
    spoilt: Tensor
    steps: int
    rate: float


def main(argv: list[str] | None = None) -> None:
    """Compare, and print a table for each problem, share and number of desired examples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=[*SIZES], default=[*SIZES])
    parser.add_argument("--shares", nargs="+", type=float, default=[0.0, 0.25, 0.5, 0.75])
    parser.add_argument("--desired", nargs="+", type=int, default=[512])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--searched", type=int, default=2, help="seeds that have the searched policy")
    parser.add_argument("--stories", type=Path, help="a file of stories; by default the embedded grammar writes them")
    parser.add_argument("--output", type=Path, help="Parquet file for all rows")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    print(json.dumps(provenance.hardware() | provenance.versions()))
    rows: list[dict[str, Any]] = []
    for problem in options.problems:
        for desired in options.desired:
            for share in options.shares:
                for seed in options.seeds:
                    task = BUILD[problem](share, desired, seed, options.stories)
                    searched = SIZES[problem][4] if seed in options.seeds[: options.searched] else 0
                    for row in compare(task, searched):
                        rows.append({"problem": problem, "desired": desired, "share": share, "seed": seed, **row})
                    if options.output is not None:
                        pd.DataFrame(rows).to_parquet(options.output, compression="zstd")
                report(pd.DataFrame(rows).query("problem == @problem and desired == @desired and share == @share"))


def compare(task: Task, iterations: int) -> Iterator[dict[str, Any]]:
    """Yield a row a method, each at its best rate."""

    def constant(row: Tensor) -> Begin:
        return lambda problem: lambda theta: row

    rules: dict[str, Begin] = {"uniform": constant(torch.ones(task.problem.examples))}
    if task.spoilt.any():
        rules["oracle"] = constant((~task.spoilt).float())
    rules |= {"inverse loss": inverse_loss.begin, "max(CT, 0)": greedy.begin, "online": online.begin}
    for name, begin in rules.items():

        def at(rate: float, begin: Begin = begin) -> Trajectory:
            return feedback.train(task.problem, task.theta0, [rate] * task.steps, begin(task.problem))

        grid = rates.tune(at, task.rate)
        yield row(name, task, at(grid.best.learning_rate))
        if name == "uniform" and iterations:
            objective = Objective(task.problem, task.theta0, [grid.best.learning_rate] * task.steps)
            run = Search(objective, method({"method": "feedback_descent"}), iterations)
            run.run()
            yield row("searched", task, objective.train(run.best)[0])


def row(name: str, task: Task, run: Trajectory) -> dict[str, Any]:
    """Return what there is to say of a run."""
    found = {f"objective_{against}": run.objective(against) for against in REFERENCES}
    last = float(run.curve("test")[-1])
    weight = float(run.weights[:, task.spoilt].sum(dim=1).mean())
    return {"method": name, "rate": run.learning_rates[0], **found, "last_test": last, "weight_on_spoilt": weight}


def report(rows: pd.DataFrame) -> None:
    """Print a table of one problem, share and number of desired examples."""
    first = rows.iloc[0]
    count = rows["seed"].nunique()
    print(f"\n{first['problem']}, K {first['desired']}, {first['share']:.0%} spoilt, {count} seeds")
    print(f"{'':14}{'rates':>16}{'J desired':>11}{'J test':>26}{'last':>8}{'spoilt':>8}  share of the oracle's gain")
    by_seed = rows.pivot(index="seed", columns="method", values="objective_test")
    for name, found in rows.groupby("method", sort=False):
        span = f"{found['rate'].min():.3g} to {found['rate'].max():.3g}"
        test = mean_interval(found["objective_test"].tolist())
        cells = f"{name:14}{span:>16}{found['objective_desired'].mean():11.4f}{written(test):>26}"
        cells += f"{found['last_test'].mean():8.4f}{found['weight_on_spoilt'].mean():8.1%}"
        if "oracle" in by_seed:
            gains = (by_seed["uniform"] - by_seed[name]) / (by_seed["uniform"] - by_seed["oracle"])
            whole = (by_seed["uniform"] - by_seed[name]).mean() / (by_seed["uniform"] - by_seed["oracle"]).mean()
            cells += f"  {written(mean_interval(gains.dropna().tolist()))}; of means {whole:.2f}"
        else:
            lost = mean_interval((by_seed[name] - by_seed["uniform"]).dropna().tolist())
            cells += f"  J - J(uniform): {written(lost)}"
        print(cells, flush=True)


def written(found: Interval) -> str:
    """Write a mean with its interval."""
    mean = "-" if found.mean is None else f"{found.mean:.4f}"
    return mean if found.low is None or found.high is None else f"{mean} [{found.low:.4f}, {found.high:.4f}]"


def perceptron(share: float, desired: int, seed: int, stories: Path | None) -> Task:
    """The paper's perceptron, smaller, with flipped labels."""
    steps, train, test, rate, _ = SIZES["perceptron"]
    data = {
        "dimension": 128,
        "train_examples": train,
        "desired_examples": desired,
        "test_examples": test,
        "train_variance": 3.0,
        "desired_mean": 0.5,
        "desired_variance": 1.0,
        "flip_fraction": share,
        "duplicates": 0,
        "dependent": 0,
    }
    splits = gaussian.draw(data, seed, ("train", *REFERENCES))
    drawn = splits.pop("train")
    problem = Perceptron(drawn, splits, torch.float32, devices.device("cpu"))
    bound = problem.parameters**-0.5
    theta0 = seeds.generator(seed, "initialisation").uniform(-bound, bound, problem.parameters)
    return Task(problem, torch.from_numpy(theta0).float(), torch.from_numpy(np.array(drawn.flipped)), steps, rate)


@cache
def tokens(stories: Path | None) -> tuple[Any, Any, Any]:
    """Return the corpus, its tokeniser and its tokens."""
    source = {"source": "grammar", "stories": 20_000, "seed": 0}
    if stories is not None:
        source = {"source": "file", "path": str(stories), "stories": 5_000, "text_column": "text", "separator": None}
    found = corpus.load(source)
    made = tokenizer.make({"kind": "bpe", "vocabulary": VOCABULARY}, found.stories)
    return found, made, made.encode(found.stories)


def language_model(share: float, desired: int, seed: int, stories: Path | None) -> Task:
    """A small Transformer on stories, perturbed as in the paper."""
    steps, train, test, rate, _ = SIZES["stories"]
    found, made, encoded = tokens(stories)
    shape = {
        "length": LENGTH,
        "minimum_fill": 0.25,
        "train_examples": train,
        "desired_examples": desired,
        "test_examples": test,
    }
    cut = windows.make(encoded, found.rows, shape, seed, ("train", *REFERENCES))
    mix = {"fraction": share, "operations": OPERATIONS, "mix": {"replace": 1, "delete": 1, "repeat": 1}}
    spoilt, marked = perturb.apply(cut["train"].tokens, made.size, mix, seed)
    model = Transformer(made.size, LENGTH, HIDDEN, 2, 2)
    references = {name: cut[name].tokens for name in REFERENCES}
    problem = LanguageModel(model, spoilt, references, torch.float32, devices.device("cpu"))
    values = model.initialise(seeds.generator(seed, "initialisation"))
    theta0 = torch.cat([torch.from_numpy(values[name]).float().flatten() for name in model.shapes])
    return Task(problem, theta0, torch.from_numpy(np.array(marked)), steps, rate)


BUILD: dict[str, Callable[[float, int, int, Path | None], Task]] = {
    "perceptron": perceptron,
    "stories": language_model,
}


if __name__ == "__main__":
    main(sys.argv[1:])
