"""The paper's claims beside this run."""

from lawpipe.run.table import table

#: One row per claim and experiment.
CLAIMS = table(
    "claims",
    "claim: string, experiment: string, source: string, paper: string, ours, low, high, n: int32, verdict: string,"
    "reason: string",
)

#: The language-model experiments of a config by size, and the paper's, whose `experiment` is null.
SIZES = table(
    "sizes",
    "experiment: string, steps: int32, examples: int32, vocabulary: int32, quantity: string, mean, low, high,"
    "n: int32",
)
