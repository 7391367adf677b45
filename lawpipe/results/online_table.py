"""The table on weights without a search: every policy against uniform weights at their own best learning rate."""

from lawpipe.analysis import gain
from lawpipe.analysis.intervals import Interval
from lawpipe.results import catalogue
from lawpipe.results.experiment import Results
from lawpipe.results.gains import objectives, share_of
from lawpipe.results.numbers import UNBROKEN, number, over_seeds, policy_label
from lawpipe.results.table import Row, Table

#: What everything is compared with, and what there is to gain.
BASE, ORACLE = "conventional_tuned", "clean_only_tuned"

#: Quantities of the summary that say how near a policy is to the law, and where its weight is.
BESIDE = {
    "weight_on_perturbed": "weight on spoilt",
    "similarity_desired": "SIM",
    "adjoint_similarity_desired": "SIM, adjoint",
    "gap": "gap (nats)",
}


def online(results: Results) -> Table:
    """Return a row a policy, those of the search's snapshots left out."""
    found = objectives(results, "test")
    rows = []
    for policy in results.chosen:
        more = gain.difference(found, policy, BASE)
        cells = (
            over_seeds(results.quantity(policy, "objective_test")),
            "-" if policy == BASE else _written(more),
            share_of(gain.share(found, policy, BASE, ORACLE)),
            *(over_seeds(results.quantity(policy, name)) for name in BESIDE),
        )
        rows.append(Row((policy_label(policy), *cells)))
    header = ("policy", "J, test", "less J of tuned", "share of the oracle's gain", *BESIDE.values())
    return Table(catalogue.table("online"), header, tuple(rows))


def _written(found: Interval) -> str:
    """Write a difference with its interval."""
    ends = "" if found.low is None else f" [{number(found.low)},{UNBROKEN}{number(found.high)}]"
    return f"{number(found.mean)}{ends}"
