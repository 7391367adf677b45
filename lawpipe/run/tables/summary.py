"""Summaries of one seed and over the seeds."""

from lawpipe.run.splits import REFERENCES
from lawpipe.run.table import table
from lawpipe.run.tables.measurements import OF_STABILITY

#: The quantities that a summary holds for each reference set, whose name replaces the braces.
FOR_EACH_REFERENCE = (
    "objective_{}, compression_ratio_{}, acceleration_{}, acceleration_to_best_{}, acceleration_to_tuned_{},"
    "acceleration_fit_{}, similarity_{}, adjoint_similarity_{}, steps_measured_{}: int32,"
    "adjoint_steps_measured_{}: int32"
)

#: One row per policy of one seed; objectives and gap in nats.
SUMMARY = table(
    "summary",
    "policy: string,"
    + ",".join(quantity.format(against) for quantity in FOR_EACH_REFERENCE.split(",") for against in REFERENCES)
    + f", gap, weight_on_perturbed, effective_examples, {OF_STABILITY}",
)

#: One row per policy and quantity.
SUMMARY_OVER_SEEDS = table(
    "summary_over_seeds", "policy: string, quantity: string, mean, low, high, n: int32, n_reached: int32"
)
