"""Setting up a training run from the artifacts of one experiment and seed."""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lawpipe import artifacts, policy, problems
from lawpipe.engine import trajectory
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems import Problem


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add the options that every stage with a training run has."""
    for split in ("train", "desired", "test"):
        parser.add_argument(f"--{split}", type=Path, required=True, help=f"the {split} examples")
    parser.add_argument("--theta0", type=Path, required=True, help="the initial parameters")


def load(settings: dict[str, Any], options: argparse.Namespace) -> tuple[Problem, Tensor]:
    """Return the problem of a stage's options and its initial parameters, flat, [P]."""
    splits = {
        split: path
        for split in ("train", "desired", "test", "validation")
        if (path := getattr(options, split, None)) is not None
    }
    problem = problems.load(settings, splits)
    return problem, trajectory.flatten(artifacts.read(options.theta0, "theta0"), problem)


def train(problem: Problem, theta0: Tensor, path: Path) -> Trajectory:
    """Train under the policy stored in a file."""
    stored = policy.load(path)
    weights = torch.tensor(stored.weights, dtype=problem.dtype, device=problem.device)
    return trajectory.train(problem, theta0, weights, stored.learning_rates.tolist())
