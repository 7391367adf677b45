"""The terms of the page: each with a clause for its first use and with its definition for the glossary."""

import re
from typing import NamedTuple

from markupsafe import Markup, escape


class Term(NamedTuple):
    """A term: a clause that tells what it is, and the rest of its definition."""

    clause: str
    more: str = ""


# fmt: off
TERMS: dict[str, Term] = {
    "policy": Term(
        "a weight for every training example at every training step",
        "The weights of a step sum to 1. The conventional policy is uniform weights; the near-optimal policy is the "
        "best one that a search found, and need not be optimal."),
    "J": Term(
        "the objective: the mean loss over the training run, steps 1 to T, in nats",
        "Natural logarithms throughout. On the desired examples unless test is said."),
    "gain": Term(
        "how far a policy lowers J on the desired examples below that of the conventional policy"),
    "CR": Term(
        "the compression ratio ln|V| / J, with |V| the size of the vocabulary, or the 2 labels",
        "For its language models the paper divides log2 |V| by a loss in nats; in one unit, its values are ln 2 "
        "times as large. Ours are in that mixed unit only where they are compared with the paper's, and are then "
        "marked."),
    "AR": Term(
        "the acceleration ratio: T over the first step at which a policy's loss is at or below the conventional "
        "policy's loss at T",
        "Means over seeds are geometric, and over the seeds that reach that loss."),
    "desired, test": Term(
        "the examples whose loss the search minimises, and unseen ones of the same distribution",
        "The search never sees a test example."),
    "CT": Term(
        "the contribution of an example: the inner product of its gradient with that of the desired loss",
        "The paper's law says that all examples with weight have the same CT."),
    "adjoint": Term(
        "the effect of the parameters of a step on the loss of the whole rest of training",
        "In the place of the gradient of the desired loss it gives the adjoint contribution of an example. Without "
        "it, a contribution is instantaneous."),
    "SIM": Term(
        "the similarity: the weighted mean of a step's contributions over their standard deviation, among the "
        "examples with weight",
        "Equal contributions have no bound. Numbers for a run are means over the measured steps."),
    "gap": Term(
        "the Frank-Wolfe gap: what the linear model of J promises the best change of all weights",
        "It is 0 exactly at first-order stationarity. J is not convex in the weights, so the gap is no bound on the "
        "distance from the best J. Above J, or where training again changes J, it certifies nothing."),
    "B, beta": Term(
        "the coefficients of the scaling law L = L0 + (B/t)^beta for t > t0, fitted to a loss curve"),
    "best learning rate": Term(
        "the rate, of those tried, with the lowest J on the desired examples",
        "A policy at its own best rate is called tuned. Uniform weights at theirs are the control that decides "
        "whether the weights matter or a better learning rate does as well."),
    "step length": Term(
        "how far the parameters move in a step",
        "Near-optimal matched is the near-optimal policy with steps as long as the conventional policy's."),
    "[low, high]": Term(
        "a 95 % t interval over the seeds: of the mean or, for accelerations and B, of the mean logarithm",
        "It needs three seeds. It is left out as too wide if an end is more than ten times the mean (with the other "
        "end on the same side of 0), or if a share may be 0 as well as 100 %. Shares above 1000 % are multiples: "
        "19 x."),
    "reproduced, partly, not": Term(
        "verdicts by rules that were fixed before the runs",
        "A claim is reproduced if every seed has a value and the whole interval excludes the alternative, so with "
        "three seeds or more. It is partly reproduced if only the mean does, or if the value is another one on the "
        "same side of no effect; not tested without a value, or for a value of the paper at another task."),
    "p, Holm": Term(
        "twice the p-value of the one-sided t-test over the seeds that the alternative is true: below 0.05 exactly "
        "where the interval excludes it",
        "Of many tests some pass by chance. After Holm's correction, the chance that any of those below 0.05 does is "
        "at most 5 %, all claims of the page together."),
    "read off the figure": Term(
        "the paper prints no number: the value was read from its figure by eye, to about two digits"),
}
# fmt: on

#: Terms that stand in the heads of tables.
SHORT = re.compile(r"\b(J|CR|AR|CT|SIM|gap)\b")


def explained(text: str) -> Markup:
    """Return a text in which every short term has its clause as a tooltip."""
    return Markup(SHORT.sub(_tooltip, str(escape(text))))


def _tooltip(match: re.Match[str]) -> str:
    """Return a term with its clause as a tooltip."""
    return str(Markup('<abbr title="{}">{}</abbr>').format(TERMS[match[0]].clause, match[0]))
