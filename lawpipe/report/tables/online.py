"""The table of weights without a search: every policy against uniform weights at their own best learning rate."""

from lawpipe.analysis import gain
from lawpipe.report.table import Row, Table
from lawpipe.results import catalogue
from lawpipe.results.experiment import Results
from lawpipe.results.gains import ORACLE, TUNED, objectives
from lawpipe.results.numbers import interval, policy_label, share_of

#: Quantities of the summary: the weight on corrupted examples, and how close each policy is to the law.
QUANTITIES = {
    "weight_on_perturbed": "weight on corrupted",
    "similarity_desired": "SIM",
    "adjoint_similarity_desired": "SIM, adjoint",
    "gap": "gap (nats)",
}


def online(results: Results) -> Table:
    """Return one row per policy, without the snapshots of the search."""
    test = objectives(results, "test")
    rows = []
    for policy in results.chosen:
        cells = (
            interval(results.quantity(policy, "objective_test")),
            "-" if policy == TUNED else interval(gain.difference(test, policy, TUNED)),
            share_of(gain.share(test, policy, TUNED, ORACLE)),
            *(interval(results.quantity(policy, name)) for name in QUANTITIES),
        )
        rows.append(Row((policy_label(policy), *cells)))
    header = ("policy", "J, test", "less J of tuned", "share of the oracle's gain", *QUANTITIES.values())
    return Table(catalogue.table("online"), header, tuple(rows))
