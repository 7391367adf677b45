"""Comparisons of several experiments."""

from lawpipe.run.table import table

#: The two laws along a search: one row per experiment, seed and policy.
WHICH_LAW = table(
    "which_law",
    "experiment: string, seed: int64, policy: string, relative_gap, cost, measured: int64, several: int64,"
    "instantaneous, adjoint",
)

#: A transferred policy on one reference set: J in nats, and the share that it keeps of the gain of the seed's
#: near-optimal policy, null where there is no gain.
TRANSFER = table(
    "transfer",
    "source: string, experiment: string, changed: string, seed: int64, against: string, conventional, near_optimal,"
    "transferred, share",
)

#: Weights without a search and their baselines: J in nats on one reference set, and the share of the gain of the
#: seed's oracle over uniform weights, null where there is no gain. `told` is the lowest J on test of all settings
#: that were tried for a tuned policy, null on desired and for other policies. `text` is the source of the text, or
#: which labels are flipped if it is not by chance.
ONLINE = table(
    "online",
    "experiment: string, problem: string, spoilt, desired_examples: int64, text: string, seed: int64, policy: string,"
    "against: string, objective, share, told",
)

#: Searches with some number of desired examples: one row per experiment, seed and accepted iteration; J in nats, on
#: the desired, the validation (null without them) and the unseen examples.
OVERFITTING = table(
    "overfitting",
    "experiment: string, learning_rate, method: string, desired_examples: int64, seed: int64, iteration: int64,"
    "objective, validation_objective, test_objective",
)

#: The policies of several searches on the same examples: one row per experiment, seed and quantity of its
#: near-optimal policy; NaN where the seed has no such number. `caveat` is what the numbers of a claim do not mean in
#: the experiment's seeds, empty without one and for the other quantities.
OPTIMA = table(
    "optima",
    "experiment: string, learning_rate, method: string, seed: int64, quantity: string, value, caveat: string",
)
