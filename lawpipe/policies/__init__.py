"""Learning policies that need no search; a new one is a module here and a line in the registry below."""

from collections.abc import Callable, Mapping
from typing import Any

from lawpipe.policies.conventional import conventional
from lawpipe.policy import Policy

#: Makes a policy from the experiment's settings and the number of training examples.
Recipe = Callable[[Mapping[str, Any], int], Policy]

POLICIES: dict[str, Recipe] = {"conventional": conventional}
