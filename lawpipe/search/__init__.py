"""The outer optimisation: the search for a near-optimal policy."""

from collections.abc import Mapping
from typing import Any

from lawpipe.search.method import Method
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.projected_gradient import ProjectedGradient


def method(settings: Mapping[str, Any]) -> Method:
    """Return the search method of an experiment's `search` block: a new method is a module and a line here."""
    methods: dict[str, Method] = {
        "mirror_descent": MirrorDescent(),
        "projected_gradient": ProjectedGradient(settings["rate"], settings["decay"], settings["iterations"]),
    }
    return methods[settings["method"]]
