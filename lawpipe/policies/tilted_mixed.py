"""Weights that fall with the losses (see `tilted`), with a share of the weight for the desired examples."""

from lawpipe.policies import desired_mixed, tilted
from lawpipe.policies.base import Record

RECORD = Record(
    label="tilted, desired mixed in",
    phrase="weights that fall with the losses, with the desired examples mixed in",
    position=46,
    work={"own": (12.5, 2.5), "tuned": (75.0, 15.0)},
    formula="tilt + mixing",
    trains_on_desired=True,
)

desired_weights = desired_mixed.desired_weights
rule = tilted.rule
