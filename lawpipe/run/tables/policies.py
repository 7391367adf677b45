"""Policies, and how they were found."""

from lawpipe.run.table import table

#: One row per training step. Policies that train on the desired examples too also have the column `desired_weight`,
#: float64: the share of the weight that these have together, so that a row of the weights and it sum to 1.
POLICY = table("policy", "step: int32, weights: array[float*], learning_rate")

#: One row per outer iteration of a search; objectives and gap in nats, of the policy of that row. `predicted` is the
#: change of J that the gradient at the row before promised, sum G (new - old weights), nats; null without a step. Of
#: weights that a run with feedback left, `feedback_objective` is J of that run and `replay_objective` J of training
#: under these weights, nats; null of others.
SEARCH = table(
    "search",
    "iteration: int32, evaluations: int32, forward_evaluations: int32, cost, objective, validation_objective,"
    "test_objective, gap, step_size, accepted: bool, active_fraction, effective_examples, predicted,"
    "feedback_objective, replay_objective",
)

#: The rates that were tried for a policy whose learning rate is tuned. J is null where training diverged. Policies
#: that train on the desired examples too are tuned on a held-out quarter of them, and have more columns: `share`, the
#: mean of `desired_weight`; `stop`, the step after which the learning rate is 0; `desired_examples`, how many of them
#: were trained on; and `objective_held_out`, J on that quarter, null if it was trained on. The last rows trained on
#: all: the policy, and the setting that is best on test if it is another one. A policy with rules for training and
#: desired examples together has `rule` instead of `share`, `stop` and `desired_examples`; its `objective_held_out` is
#: cross-validated, and its other J are those of the run on all desired examples.
LEARNING_RATES = table("learning_rates", "policy: string, learning_rate, objective_desired, objective_test")
