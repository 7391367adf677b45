"""Summaries of one seed and over the seeds."""

from lawpipe.run.splits import REFERENCES
from lawpipe.run.table import table

#: The quantities that a summary holds for each reference set.
FOR_EACH_REFERENCE = (
    "objective",
    "compression_ratio",
    "acceleration",
    "acceleration_to_best",
    "acceleration_to_tuned",
    "acceleration_fit",
    "similarity",
    "adjoint_similarity",
    "steps_measured: int32",
    "adjoint_steps_measured: int32",
)

#: One row per policy of one seed; objectives and gap in nats.
SUMMARY = table(
    "summary",
    ",".join(
        [
            "policy: string",
            *(
                f"{name}_{against}{colon}{kind}"
                for name, colon, kind in (quantity.partition(":") for quantity in FOR_EACH_REFERENCE)
                for against in REFERENCES
            ),
            "gap, weight_on_perturbed, effective_examples",
        ]
    ),
)

#: One row per policy and quantity.
SUMMARY_OVER_SEEDS = table(
    "summary_over_seeds", "policy: string, quantity: string, mean, low, high, n: int32, n_reached: int32"
)
