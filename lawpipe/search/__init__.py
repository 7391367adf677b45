"""The outer optimisation: the search for a near-optimal policy."""

from collections.abc import Mapping
from typing import Any

from lawpipe.search import accelerated_gradient, feedback_descent, mirror_descent, projected_gradient
from lawpipe.search.method import Method


def method(settings: Mapping[str, Any]) -> Method:
    """Return the search method of an experiment's `search` block: a new method is a module and a line here."""
    methods = {
        "accelerated_gradient": accelerated_gradient.make,
        "feedback_descent": feedback_descent.make,
        "mirror_descent": mirror_descent.make,
        "projected_gradient": projected_gradient.make,
    }
    return methods[settings["method"]](settings)
