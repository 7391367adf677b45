"""Online weights on the training examples, with a share of the weight for the desired ones."""

from lawpipe.policies import desired_mixed, online
from lawpipe.policies.base import Record

RECORD = Record(
    label="online, desired mixed in",
    phrase="online weights with the desired examples mixed in",
    position=51,
    work={"own": (7.5, 2.5), "tuned": (45.0, 15.0)},
    formula="online + mixing",
    trains_on_desired=True,
)

desired_weights = desired_mixed.desired_weights
rule = online.rule
