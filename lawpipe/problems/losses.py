"""The learning problems: a module each, named like the config's `problem`, with a function `load`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lawpipe.problems.base import Problem
from lawpipe.run import registry

__all__ = ["Problem", "load"]


def load(settings: Mapping[str, Any], splits: Mapping[str, Path]) -> Problem:
    """Build the problem of a stage's settings from the artifacts of its splits; "train" is one of them."""
    problem: Problem = registry.load("losses", settings["problem"]).load(settings, splits)
    return problem
