"""The table on weights without a search: every policy against uniform weights at their own best learning rate."""

from lawpipe.analysis import gain
from lawpipe.report.table import Row, Table
from lawpipe.results import catalogue
from lawpipe.results.experiment import Results
from lawpipe.results.gains import ORACLE, TUNED, objectives
from lawpipe.results.numbers import interval, policy_label, share_of

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
        more = gain.difference(found, policy, TUNED)
        cells = (
            interval(results.quantity(policy, "objective_test")),
            "-" if policy == TUNED else interval(more),
            share_of(gain.share(found, policy, TUNED, ORACLE)),
            *(interval(results.quantity(policy, name)) for name in BESIDE),
        )
        rows.append(Row((policy_label(policy), *cells)))
    header = ("policy", "J, test", "less J of tuned", "share of the oracle's gain", *BESIDE.values())
    return Table(catalogue.table("online"), header, tuple(rows))
