"""The table of weights without a search: every policy against uniform weights at their own best learning rate."""

from lawpipe.analysis import gain
from lawpipe.report.comparison import mean
from lawpipe.report.table import Table
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
    records = [
        {
            "policy": policy_label(policy),
            "J, test": mean(results, policy, "objective_test"),
            "less J of tuned": "-" if policy == TUNED else interval(gain.difference(test, policy, TUNED)),
            "share of the oracle's gain": share_of(gain.share(test, policy, TUNED, ORACLE)),
            **{label: mean(results, policy, name) for name, label in QUANTITIES.items()},
        }
        for policy in results.chosen
    ]
    return Table.from_records(catalogue.table("online"), records)
