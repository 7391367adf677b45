"""The record that every policy module holds, and what a policy is made from.

Importing a policy module must not import PyTorch or Arrow: `catalogue` reads all records, for the config, the
estimate and the report. Heavy imports therefore stand inside functions or under `TYPE_CHECKING`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lawpipe.engine.policy import Policy

if TYPE_CHECKING:
    import torch

    from lawpipe.problems import base

#: Types whose modules are not imported here.
Tensor: TypeAlias = "torch.Tensor"
Problem: TypeAlias = "base.Problem"

#: Weights of the training examples, [T, N], or [N] for all steps.
Weights = npt.NDArray[np.floating[Any]]

#: Returns scores >= 0, [N], at the parameters [P] of the current training step. It is called once per step, in order,
#: so it may keep state of the run. A step's weights are its scores divided by their sum.
Rule = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Record:
    """Properties of one policy.

    A policy module holds its record as `RECORD`, and one of these functions:

    * `weights(context)` returns weights [T, N], or [N] if they are the same at every step (set `constant`);
    * `rule(problem)` returns the `Rule` of a new training run;
    * `desired_weights(steps)` returns candidates for the share of the weight that the desired examples have at each
      step, [T], by a number that says which (see `trusted`); the training examples share the rest evenly, or by a
      `rule`; set `trains_on_desired`;
    * `joint_rules` holds by name functions that return the `Rule` of a run on training and desired examples, which
      scores the former and then the latter, and these equally (see `joint`); set `trains_on_desired`;
    * `make(context)` returns the whole `Policy`; a policy made in this way has no variants.

    The variants of all but the last are derived (lawpipe.policies.variants): `own` at the experiment's learning
    rate under the module's name, `tuned` as `{name}_tuned`, `matched` as `{name}_matched`.
    """

    #: The policy's name in words, for tables and figures.
    label: str
    #: The policy as the subject of a sentence.
    phrase: str
    #: The place in the list of policies; policies of the same number are listed by name.
    position: int
    #: What it takes to make each variant, in training runs and backward passes (as counted, for the estimate). The
    #: keys are the variants that exist.
    work: Mapping[str, tuple[float, float]] = field(default_factory=lambda: {"own": (0.0, 0.0)})
    #: What the weights are computed from, in a few characters, for the head of a table.
    formula: str = ""
    #: Whether every experiment has the policy; the contributions of every single example are kept for these.
    required: bool = False
    #: Whether the weights are the same at every step.
    constant: bool = False
    #: Whether it trains on the desired examples as well as on the training examples.
    trains_on_desired: bool = False
    #: Whether making it takes a search: only the first `controls.seeds` of the seeds have such a control.
    takes_search: bool = False
    #: The policies of the same seed that it is made from.
    builds_on: tuple[str, ...] = ()
    #: Which variant this is; set by `catalogue`.
    variant: str = "own"


@dataclass(frozen=True)
class Context:
    """What a policy is made from; each policy loads what it needs."""

    #: The stage's settings; `policy` is the name of the policy.
    settings: Mapping[str, Any]
    #: The artifacts of the seed: `train`, `desired`, `test`, and `theta0`.
    files: Mapping[str, Path]
    #: The policies that it builds on, by name.
    others: Mapping[str, Policy] = field(default_factory=dict)
    #: The folder in which a long search keeps its checkpoints.
    state: Path | None = None

    @property
    def steps(self) -> int:
        """T, the number of training steps."""
        return int(self.settings["training"]["steps"])

    @property
    def learning_rate(self) -> float:
        """The experiment's learning rate."""
        return float(self.settings["training"]["learning_rate"])

    @property
    def number_type(self) -> str:
        """The NumPy type of the weights: float64 for that precision, float32 for all others."""
        return "float64" if self.settings["training"]["precision"] == "float64" else "float32"

    @property
    def examples(self) -> int:
        """N, the number of training examples."""
        import pyarrow.parquet as pq

        return int(pq.ParquetFile(self.files["train"]).metadata.num_rows)
