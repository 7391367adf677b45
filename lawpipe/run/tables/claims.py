"""The paper's claims beside this run."""

from lawpipe.run.table import table

#: One row per claim and experiment: `group` is one of `lawpipe.paper.claims.GROUPS`, `asked_by` is `paper`, `audit`
#: or `you`; `p` is the p-value with which our number excludes the alternative, null where there is no test of it, and
#: `holm` the same after Holm's correction for all rows that have one.
CLAIMS = table(
    "claims",
    "claim: string, experiment: string, source: string, paper: string, ours, low, high, n: int32, verdict: string,"
    "reason: string, group: string, asked_by: string, p, holm",
)

#: The language-model experiments of a config by size, and the paper's, whose `experiment` is null.
SIZES = table(
    "sizes",
    "experiment: string, steps: int32, examples: int32, vocabulary: int32, quantity: string, mean, low, high,"
    "n: int32",
)
