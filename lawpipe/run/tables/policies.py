"""Policies, and how they were found."""

from lawpipe.run.table import table

#: One row per training step.
POLICY = table("policy", "step: int32, weights: array[float*], learning_rate")

#: One row per outer iteration of a search; objectives and gap in nats, of the policy of that row. `predicted` is the
#: change of J that the gradient at the row before promised, sum G (new - old weights), nats; null without a step.
SEARCH = table(
    "search",
    "iteration: int32, evaluations: int32, forward_evaluations: int32, cost, objective, validation_objective,"
    "test_objective, gap, step_size, accepted: bool, active_fraction, effective_examples, predicted",
)

#: The rates that were tried for a policy whose learning rate is tuned. J is null where training diverged.
LEARNING_RATES = table("learning_rates", "policy: string, learning_rate, objective_desired, objective_test")
