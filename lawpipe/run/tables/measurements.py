"""What is measured of training under each policy."""

from lawpipe.run.table import table

#: One row per policy and step t = 0..T; nats. The training loss is weighted, and null at T.
CURVES = table("curves", "policy: string, step: int32, train_loss, desired_loss, test_loss")

#: One row per measured step, reference set and kind; vectors over the training examples.
CONTRIBUTIONS = table(
    "contributions",
    "step: int32, against: string, kind: string, contribution: array[float32], loss: array[float32],"
    "gradient_norm: array[float32]",
)

#: One row per policy, measured step, reference set and kind. global_speed is (L[t] - L[t+1]) / learning_rate of the
#: loss `against`: the left-hand side of the law.
SIMILARITY = table(
    "similarity",
    "policy: string, step: int32, against: string, kind: string, mean, std, similarity, active: int32, global_speed",
)

#: One row per policy and property; `value` is a share of `count` cases.
ZERO_WEIGHTS = table(
    "zero_weights", "policy: string, property: string, kind: string, against: string, value, count: int64"
)

#: One row per policy and training example.
EXAMPLES = table("examples", "policy: string, row: int32, total_weight, first_active: int32, last_active: int32")

#: How stable training is, one row per policy and step at which it is measured: eta times the largest eigenvalue of
#: the weighted Hessian; |adjoint[t+1]|; and that over the sum of the norms of the terms of J from t + 1 on.
STABILITY = table("stability", "policy: string, step: int32, sharpness, adjoint_norm, adjoint_growth")

#: The measures of stability of a whole policy; part of `measures`. The largest of `sharpness` and `adjoint_growth`;
#: and J of training again in float64, and with every weight changed by up to a millionth of it, over J, minus 1:
#: infinite if that training diverges, null where it was not tried (scripts/train.py says for which policies).
OF_STABILITY = "sharpness_max, adjoint_growth_max, replay_float64, replay_moved"

#: What is measured of a whole policy: one row per policy; part of `summary`.
MEASURES = table("measures", f"policy: string, gap, weight_on_perturbed, effective_examples, {OF_STABILITY}")

#: The tables that are written for each batch of policies and then joined.
COLLECTED = {one.name: one for one in (CURVES, SIMILARITY, ZERO_WEIGHTS, EXAMPLES, MEASURES, STABILITY)}
