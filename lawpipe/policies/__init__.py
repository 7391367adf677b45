"""The policies that need no search: a module each, named like the policy, with a function `make`."""

from collections.abc import Mapping
from typing import Any

from lawpipe import choice
from lawpipe.policy import Policy


def make(settings: Mapping[str, Any], examples: int) -> Policy:
    """Make the policy that a stage's settings name, for some number of training examples."""
    policy: Policy = choice.load(__name__, settings["policy"]).make(settings, examples)
    return policy
