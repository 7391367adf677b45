"""An experiment's problem and its corrupted training examples, from its settings."""

from collections.abc import Mapping
from typing import Any

PERCEPTRON, LANGUAGE_MODEL = "perceptron", "language_model"
PROBLEMS = (PERCEPTRON, LANGUAGE_MODEL)

Settings = Mapping[str, Any]


def name(settings: Settings) -> str:
    """Return the problem's name, `perceptron` or `language_model`."""
    return str(settings["problem"])


def corruption(settings: Settings) -> str:
    """Return how corrupted training examples are called: `flipped` (labels) or `perturbed` (text)."""
    return "perturbed" if name(settings) == LANGUAGE_MODEL else "flipped"


def variety(settings: Settings) -> str:
    """Return what tells an experiment's data from others of the same problem and sizes; empty if nothing does.

    That is the source of its text, or which labels are flipped if it is not by chance.
    """
    data = settings["data"]
    if name(settings) == LANGUAGE_MODEL:
        return str(data["corpus"]["source"])
    return "" if data["flip_by"] == "chance" or not data["flip_fraction"] else f"flips: {data['flip_by']}"


def corrupted_share(settings: Settings) -> float:
    """Return the share of corrupted training examples, from 0 to 1."""
    data = settings["data"]
    if name(settings) == LANGUAGE_MODEL:
        return float(data["perturbation"]["fraction"])
    return float(data["flip_fraction"])
