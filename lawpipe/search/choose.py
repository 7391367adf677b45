"""The outer optimisation, the search for a near-optimal policy: a method is a module with a function `make`."""

from collections.abc import Mapping
from typing import Any

from lawpipe.run import registry
from lawpipe.search.method import Method


def method(settings: Mapping[str, Any]) -> Method:
    """Return the search method of an experiment's `search` block, ready to start."""
    made: Method = registry.load("search", settings["method"]).make(settings)
    return made
