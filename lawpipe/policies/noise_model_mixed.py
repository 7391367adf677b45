"""The likelihood of training and desired examples together: only the labels of the former may be flipped."""

from lawpipe.policies import noise_model
from lawpipe.policies.base import Record

RECORD = Record(
    label="noise model, desired mixed in",
    phrase="weights of a likelihood with flipped labels, with the desired examples mixed in",
    position=46,
    work={"own": (7.5, 0.0), "tuned": (60.0, 0.0)},
    formula="noise model + mixing",
    trains_on_desired=True,
)

joint_rule = noise_model.rule
