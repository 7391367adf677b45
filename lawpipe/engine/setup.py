"""Setting up a training run from the artifacts of one experiment and seed."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lawpipe.engine import policy, trajectory
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.base import Problem, load_problem
from lawpipe.problems.sharded import shared
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REQUIRED, SPLITS

#: Bytes that the weights of policies trained together may take: four of the paper's perceptron.
MEMORY = 128 * 2**20


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add the options that every stage with a training run has."""
    for split in REQUIRED:
        parser.add_argument(f"--{split}", type=Path, required=True, help=f"the {split} examples")
    parser.add_argument("--theta0", type=Path, required=True, help="the initial parameters")


def load(settings: dict[str, Any], options: argparse.Namespace) -> tuple[Problem, Tensor]:
    """Return the problem of a stage's options and its initial parameters, flat, [P]."""
    files = {name: getattr(options, name, None) for name in (*SPLITS, "theta0")}
    return start(settings, {name: path for name, path in files.items() if path is not None})


def start(settings: Mapping[str, Any], files: Mapping[str, Path]) -> tuple[Problem, Tensor]:
    """Return the problem of a seed's splits and its initial parameters, flat, [P]; `files` are by name.

    If the job has several processes, they share the problem.
    """
    problem = shared(load_problem(settings, {split: files[split] for split in SPLITS if split in files}))
    theta0 = trajectory.flatten(artifacts.read(files["theta0"], "theta0"), problem)
    _check_size(files["theta0"], "parameters", len(theta0), problem.parameters)
    return problem, theta0


def _check_size(path: Path, what: str, found: int, expected: int) -> None:
    """Raise InputError if an artifact does not belong to the problem."""
    if found != expected:
        raise InputError(
            f"{path} is for {found} {what}, expected {expected}: it belongs to another experiment or to other "
            "settings; delete the file and run again to make it anew."
        )


def train(problem: Problem, theta0: Tensor, paths: Sequence[Path]) -> Iterator[list[tuple[str, Trajectory]]]:
    """Train under the policies stored in some files, and yield them with their names (those of the files).

    As many together as have room: they come in groups, each of which should be dropped before the next is asked for.
    """
    steps = artifacts.read(paths[0], "policy", ["step"]).num_rows
    together = max(1, MEMORY // (steps * problem.examples * problem.dtype.itemsize))
    for start in range(0, len(paths), together):
        group = paths[start : start + together]
        stored = [policy.load(path) for path in group]
        for path, each in zip(group, stored, strict=True):
            _check_size(path, "steps", len(each.weights), steps)
            _check_size(path, "training examples", each.weights.shape[1], problem.examples)
        weights = [torch.as_tensor(each.weights, dtype=problem.dtype, device=problem.device) for each in stored]
        rates = [each.learning_rates.tolist() for each in stored]
        runs = trajectory.train_many(problem, [theta0] * len(group), weights, rates)
        del stored, weights
        yield list(zip([path.stem for path in group], runs, strict=True))
        del runs
