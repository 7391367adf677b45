"""Training runs from the files of an experiment and seed."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lawpipe.engine import policy, trajectory
from lawpipe.engine.policy import Policy
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.base import Problem, load_problem
from lawpipe.problems.sharded import shared
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REQUIRED, SPLITS
from lawpipe.run.tables.examples import THETA0
from lawpipe.run.tables.policies import POLICY

#: Bytes for the weights of policies that are trained together: four policies of the paper's perceptron.
MEMORY = 128 * 2**20

#: The command-line options for the files that every training run needs (see `stage.parser`).
OPTIONS = {split: f"the {split} examples" for split in REQUIRED} | {"theta0": "the initial parameters"}


def from_options(settings: dict[str, Any], options: argparse.Namespace) -> tuple[Problem, Tensor]:
    """Return the problem and the initial parameters, [P], of a stage's command-line options."""
    files = {name: getattr(options, name, None) for name in (*SPLITS, "theta0")}
    return from_files(settings, {name: path for name, path in files.items() if path is not None})


def in_float64(settings: dict[str, Any], options: argparse.Namespace) -> Callable[[], tuple[Problem, Tensor]] | None:
    """Return what makes problem and parameters in float64 of the same files; None if they are in float64 anyway."""
    if settings["training"]["precision"] == "float64":
        return None
    exact = settings | {"training": settings["training"] | {"precision": "float64"}}
    return lambda: from_options(exact, options)


def from_files(settings: Mapping[str, Any], files: Mapping[str, Path]) -> tuple[Problem, Tensor]:
    """Return the problem and the initial parameters, [P], of the files of its splits and "theta0".

    If the job has several processes, the problem is divided among them.
    """
    problem = shared(load_problem(settings, {split: files[split] for split in SPLITS if split in files}))
    theta0 = trajectory.flatten(artifacts.read(files["theta0"], THETA0), problem)
    _check_size(files["theta0"], "parameters", len(theta0), problem.parameters)
    return problem, theta0


def _check_size(path: Path, what: str, actual: int, expected: int) -> None:
    """Raise InputError if a file does not fit the problem."""
    if actual != expected:
        raise InputError(
            f"{path} is for {actual} {what}, expected {expected}: it belongs to another experiment or to other "
            "settings; delete the file and run again to make it anew."
        )


def train_policies(problem: Problem, theta0: Tensor, paths: Sequence[Path]) -> Iterator[list[tuple[str, Trajectory]]]:
    """Train under the policies of some files; yield groups of pairs of a policy's name (its file's) and its run.

    Each group holds as many runs as fit in memory. Drop a group before asking for the next one. Policies that train
    on the desired examples too have groups of their own, whose runs are of the problem `with_desired`.
    """
    steps = artifacts.read(paths[0], POLICY, ["step"]).num_rows
    together = max(1, MEMORY // (steps * problem.examples * problem.dtype.itemsize))
    for start in range(0, len(paths), together):
        group = paths[start : start + together]
        policies = [policy.load(path) for path in group]
        for path, loaded in zip(group, policies, strict=True):
            _check_size(path, "steps", len(loaded.weights), steps)
            _check_size(path, "training examples", loaded.weights.shape[1], problem.examples)
        names = iter([path.stem for path in group])
        for joined, members in groupby(policies, lambda loaded: loaded.desired_weight is not None):
            runs = train_under(problem.with_desired() if joined else problem, theta0, list(members))
            yield [(next(names), run) for run in runs]
            del runs


def train_under(problem: Problem, theta0: Tensor, policies: Sequence[Policy]) -> list[Trajectory]:
    """Train under some policies; if they have desired weights, `problem` is one `with_desired`."""
    weights = []
    for loaded in policies:
        own = torch.as_tensor(loaded.weights, dtype=problem.dtype, device=problem.device)
        weights.append(own if loaded.desired_weight is None else join(own, loaded.desired_weight, problem.joined))
    rates = [loaded.learning_rates.tolist() for loaded in policies]
    return trajectory.train_many(problem, [theta0] * len(policies), weights, rates)


def join(weights: Tensor, desired_weight: npt.NDArray[np.float64], count: int) -> Tensor:
    """Return the weights of training and desired examples, [T, N + K], from those of training examples, [T, N].

    The K = `count` desired examples share their weight [T] evenly.
    """
    shares = torch.from_numpy(desired_weight / count).to(weights).unsqueeze(1)
    return torch.cat((weights, shares.expand(-1, count)), dim=1)
