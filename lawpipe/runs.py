"""Setting up a training run from the artifacts of one experiment and seed."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lawpipe import artifacts, policy, problems
from lawpipe.engine import trajectory
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems import Problem

#: The sets of examples, those for training first.
SPLITS = ("train", "desired", "test", "validation")


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add the options that every stage with a training run has."""
    for split in ("train", "desired", "test"):
        parser.add_argument(f"--{split}", type=Path, required=True, help=f"the {split} examples")
    parser.add_argument("--theta0", type=Path, required=True, help="the initial parameters")


def load(settings: dict[str, Any], options: argparse.Namespace) -> tuple[Problem, Tensor]:
    """Return the problem of a stage's options and its initial parameters, flat, [P]."""
    files = {name: getattr(options, name, None) for name in (*SPLITS, "theta0")}
    return start(settings, {name: path for name, path in files.items() if path is not None})


def start(settings: Mapping[str, Any], files: Mapping[str, Path]) -> tuple[Problem, Tensor]:
    """Return the problem of a seed's splits and its initial parameters, flat, [P]; `files` are by name."""
    problem = problems.load(settings, {split: files[split] for split in SPLITS if split in files})
    return problem, trajectory.flatten(artifacts.read(files["theta0"], "theta0"), problem)


def train(problem: Problem, theta0: Tensor, path: Path) -> Trajectory:
    """Train under the policy stored in a file."""
    stored = policy.load(path)
    weights = torch.tensor(stored.weights, dtype=problem.dtype, device=problem.device)
    return trajectory.train(problem, theta0, weights, stored.learning_rates.tolist())
