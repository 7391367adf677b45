"""The policies that are not the search's own: a module each, named like the policy, with a function `make`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lawpipe.engine import policy
from lawpipe.engine.policy import Policy
from lawpipe.run import registry


@dataclass(frozen=True)
class Context:
    """What a policy is made from; a module loads of it what it needs."""

    #: The stage's settings; `policy` is the name of the policy.
    settings: Mapping[str, Any]
    #: The artifacts of the seed: `train`, `desired`, `test`, and `theta0`.
    files: Mapping[str, Path]
    #: The policies that it builds on, by name.
    others: Mapping[str, Policy] = field(default_factory=dict)
    #: Where a policy that takes long may keep what it needs to go on after being killed.
    state: Path | None = None

    @property
    def steps(self) -> int:
        """T, the number of training steps."""
        return int(self.settings["training"]["steps"])

    @property
    def learning_rate(self) -> float:
        """The experiment's own learning rate."""
        return float(self.settings["training"]["learning_rate"])

    @property
    def number_type(self) -> str:
        """The type of its weights."""
        return policy.number_type(self.settings["training"]["precision"])

    @property
    def examples(self) -> int:
        """N, the number of training examples."""
        return int(pq.ParquetFile(self.files["train"]).metadata.num_rows)


def make(context: Context) -> Policy:
    """Make the policy that a stage's settings name."""
    made: Policy = registry.load("policy", context.settings["policy"]).make(context)
    return made
