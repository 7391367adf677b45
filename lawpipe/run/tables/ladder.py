"""The ladder of sizes: language models on stories, from small ones up to the paper's."""

from lawpipe.run.table import table

#: One row per experiment, seed and policy. Losses and gap are in nats, the fit is that of the desired loss, and
#: `noncontributive_excluded` and `redundant_dropped` are those of instantaneous contributions to it.
#: `learning_rate` is that of the policy's first step, `evaluations` the number of gradients that led to the searched
#: policy, `stories` the fingerprint of the stories, `operations` the number of edits to each perturbed window.
LADDER = table(
    "ladder",
    "experiment: string, corpus: string, stories: string, steps: int32, examples: int32, desired_examples: int32, "
    "length: int32, vocabulary: int32, operations: int32, hidden: int32, layers: int32, parameters: int64, "
    "evaluations: int32, seed: int64, policy: string, learning_rate, objective_desired, objective_test, "
    "acceleration_desired, acceleration_test, gap, weight_on_perturbed, similarity_desired, similarity_test, "
    "adjoint_similarity_desired, noncontributive_excluded, redundant_dropped, loss_floor, scale, exponent, "
    "r_squared",
)

#: The same as recorded: with processor seconds and memory of the jobs that made and trained the policy, as measured
#: and as estimated before, null where unknown, as are the measured seconds of a search that was resumed; and with
#: where, when and how they ran.
RECORDED = table(
    "recorded_ladder",
    ", ".join(f"{name}: {kind}" for name, kind in LADDER.columns.items())
    + ", processor_seconds, estimated_seconds, peak_memory_mb, estimated_memory_mb, machine: string, date: string,"
    "commit: string, command: string",
)
