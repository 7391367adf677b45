"""The registry of learning problems: a new one is a module here and a line below."""

from lawpipe.problems.base import Problem
from lawpipe.problems.language_model import LanguageModel
from lawpipe.problems.perceptron import Perceptron

__all__ = ["PROBLEMS", "Problem"]

PROBLEMS: dict[str, type[Problem]] = {"perceptron": Perceptron, "language_model": LanguageModel}
