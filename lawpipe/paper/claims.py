"""The claims: one row per statement of the paper, and of this audit beside it, with our number and its rule.

Rules and tolerances are fixed before the runs that they judge, and are the same for every experiment. A statement of
direction or degree is judged wherever its problem is run. A statement of a value is judged only where the task is the
published one. `lawpipe.paper.judgement` applies them.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lawpipe.analysis.scaling_sensitivity import FAR
from lawpipe.paper import measures as ours
from lawpipe.paper import values as paper
from lawpipe.paper.measures import NEAR, Measure, change, of, quotient, ratio
from lawpipe.paper.rules import NOT_REPRODUCED, NOT_TESTED, AtLeast, AtMost, Beyond, Judgement, Near, Rule
from lawpipe.paper.table_2 import TABLE_2
from lawpipe.paper.values import (
    ASYMPTOTE,
    AT_10M_STEPS,
    COEFFICIENTS,
    KINDS,
    LOG2,
    NEVER,
    NO_LAW,
    SPEED,
)
from lawpipe.results.experiment import Seed
from lawpipe.results.problem import LANGUAGE_MODEL, PERCEPTRON, PROBLEMS

#: The judgements where no seed has a value, and why.
NO_PLANTED = Judgement(
    NOT_TESTED, "no dependent examples are planted here: the experiment perceptron_redundant has them"
)
NO_CONTROL = Judgement(NOT_TESTED, "the experiment does not have these policies")
NO_PAIR = Judgement(NOT_TESTED, "no seed has such a pair of step and example")
NO_COMMON_LOSS = Judgement(NOT_TESTED, "in no seed do the measured steps of both policies have losses in common")
NO_HALF = Judgement(NOT_TESTED, "in no seed has the search's gain a second half: it came in one step")
NO_FITS = Judgement(NOT_REPRODUCED, "in no seed do both curves follow a scaling law")

#: Who makes a statement: the paper, this audit, or you.
PAPER, AUDIT, YOU = "paper", "audit", "you"


@dataclass(frozen=True)
class Claim:
    """One statement of the paper, or of this audit beside it.

    Attributes:
        name: what configs and tables call it; unique within a problem.
        problems: the problems that it is about.
        source: the figures, tables or sections that make it, joined by `, `.
        paper: what it says.
        measure: our number in one seed.
        rule: the rule of its verdict.
        logarithmic: whether the mean over the seeds is the geometric one.
        task: None for a statement that is judged at every size. For a value, the settings (by dotted keys) in which
            its task differs from that of the paper's figures.
        corrupted: whether it needs corrupted training examples.
        needs: the policies that it needs beside conventional and near-optimal; seeds without them do not count.
        across: for a statement about several sizes of one experiment: our number from those of a seed at every size,
            smallest first.
        caveat: says what our number does not mean in these seeds; if it says anything, that is the verdict's reason,
            and the claim is at most partly reproduced.
        asked_by: `PAPER` if the paper makes the statement, `AUDIT` if it is a question of ours about it.
        group: the name of its group in `GROUPS`.
    """

    name: str
    problems: tuple[str, ...]
    source: str
    paper: str
    measure: Measure
    rule: Rule
    logarithmic: bool = False
    task: Mapping[str, Any] | None = None
    corrupted: bool = False
    needs: tuple[str, ...] = ()
    across: Callable[[Sequence[float]], float] | None = None
    caveat: Callable[[Sequence[Seed]], str] | None = None
    asked_by: str = PAPER
    group: str = "own"


def on_both(
    name: str,
    source: str,
    texts: tuple[str, str],
    measure: Callable[[str], Measure],
    rule: Rule,
    askers: tuple[str, str] = (PAPER, AUDIT),
    **more: Any,
) -> Iterator[Claim]:
    """Yield a claim on the desired examples, and `{name}_unseen` on the test examples.

    `texts` is what they say and `askers` who says it; `measure` goes from `desired` or `test` to our number.
    """
    for against, ending, text, asker in zip(("desired", "test"), ("", "_unseen"), texts, askers, strict=True):
        yield Claim(name + ending, PROBLEMS, source, text, measure(against), rule, asked_by=asker, **more)


def lower(condition: str) -> tuple[str, str]:
    """Return what a control says on desired and on test examples."""
    says = f"the weights lower J, {condition}{{}} (not reported; here J's ratio)"
    return says.format(""), says.format(", unseen examples")


UNSEEN = "the same on examples that the search did not see (not reported)"
HIGHER = "a higher compression ratio goes with a higher similarity at every loss"
NONCONTRIBUTIVE = "(t, n) with a contribution <= 0: "
EXCLUDED = "noncontributive_excluded"
LOWER = Beyond(1, below=True, missing=NO_CONTROL)
MATCHED, TUNED, AT_TUNED_RATE = "near_optimal_matched", "conventional_tuned", "near_optimal_at_tuned_rate"
DESIRED_ONLY, DESIRED_ONLY_TUNED = "desired_only", "desired_only_tuned"

# The statements by group, judged at every size.
# fmt: off
#: The gain of the search, in the compression ratio and in steps.
GAIN: tuple[Claim, ...] = (
    *on_both("compression_rises", "Fig 4", ("the search raises the compression ratio", UNSEEN),
             lambda against: ratio(f"compression_ratio_{against}"), Beyond(1), logarithmic=True),
    Claim("gain_carries_over", PROBLEMS, "Fig 4",
          "the whole gain holds on examples that the search did not see (not reported)",
          ours.gain_unseen, AtLeast(0.9, 0.5), asked_by=AUDIT),
    *on_both("acceleration", "Fig 2, Fig 5",
             ("the near-optimal policy needs fewer steps to the conventional policy's final loss", UNSEEN),
             lambda against: of(NEAR, f"acceleration_{against}"),
             Beyond(1, missing=NEVER), logarithmic=True),
    Claim("better_is_better_unseen", PROBLEMS, "Fig 4",
          "a better policy for the desired examples is better for unseen ones, to the end of the search "
          "(not reported; our number: the fall of J on unseen over that on desired, second half of the gain)",
          ours.further_unseen, Beyond(0, missing=NO_HALF), asked_by=AUDIT),
)

#: The Learning Law: similarity of the contributions, and what holds of them at stationarity.
LAW: tuple[Claim, ...] = (
    *on_both("similarity_higher_throughout", "Fig 6",
             (HIGHER, f"{HIGHER} (contributions to the test loss)"),
             ours.higher_throughout, AtLeast(0.9, 0.5, NO_COMMON_LOSS), (PAPER, PAPER)),
    Claim("similarity_rises_with_compression", PROBLEMS, "Fig 3, Fig 7",
          "similarity rises with the compression ratio along the search",
          ours.rank_correlation("compression_ratio_desired", "similarity_desired"), AtLeast(0.8, 0.4)),
    Claim("local_speed_is_global", PROBLEMS, "Section 3",
          "the weighted mean contribution is the speed of the loss (our number: median relative error)",
          ours.speed_error, AtMost(0.1, 0.5)),
    Claim("contributions_equal", PROBLEMS, "Section 3, Fig 3",
          "under an optimal policy the examples with weight contribute equally (our number: mean similarity)",
          of(NEAR, "similarity_desired"), AtLeast(10, 1)),
    Claim("instantaneous_law", PROBLEMS, "Section 3",
          "it is the instantaneous contributions that become equal "
          "(our number: their similarity over the adjoint one)",
          ours.positive(quotient(of(NEAR, "similarity_desired"), of(NEAR, "adjoint_similarity_desired"))),
          Beyond(1), logarithmic=True),
    Claim("near_optimal_is_stationary", PROBLEMS, "Section 2",
          "the policy found is near-optimal (no certificate reported; our number: Frank-Wolfe gap over J)",
          quotient(of(NEAR, "gap"), of(NEAR, "objective_desired")), AtMost(0.01, 0.1), caveat=ours.no_share,
          asked_by=AUDIT),
)

#: Which examples have weight 0.
ZERO_WEIGHTS: tuple[Claim, ...] = (
    Claim("noncontributive_rises_with_compression", PROBLEMS, "Fig 8",
          "the share of zero weights among examples with a contribution <= 0 rises with the compression ratio",
          ours.rank_correlation("compression_ratio_desired", (EXCLUDED, "instantaneous", "desired")),
          AtLeast(0.8, 0.4)),
    *on_both(EXCLUDED, "Fig 8",
             (f"{NONCONTRIBUTIVE}nearly all of them have weight 0",
              f"{NONCONTRIBUTIVE}the same, contributions to the test loss"),
             lambda against: of(NEAR, (EXCLUDED, "instantaneous", against)), AtLeast(0.9, 0.5, NO_PAIR),
             (PAPER, PAPER)),
    Claim("noncontributive_excluded_adjoint", PROBLEMS, "Fig 8",
          f"{NONCONTRIBUTIVE}the same, adjoint contributions (not reported)",
          of(NEAR, (EXCLUDED, "adjoint", "desired")), AtLeast(0.9, 0.5, NO_PAIR), asked_by=AUDIT),
    Claim("learned_ignored", (PERCEPTRON,), "Fig 9",
          "more than 90 % of (t, n) with loss < 1e-6 have less than 0.2 of the step's largest weight",
          of(NEAR, ("learned_ignored", None, None)),
          AtLeast(paper.BY_MEASURE[PERCEPTRON, "learned_ignored", NEAR].low, 0.5, NO_PAIR)),
    Claim("redundant_dropped", PROBLEMS, "Fig 10",
          "a large share of the examples with a contribution > 0 have weight 0",
          of(NEAR, ("redundant_dropped", "instantaneous", "desired")), AtLeast(0.5, 0.1, NO_PAIR)),
    Claim("dependent_dropped", (PERCEPTRON,), "Section 3, Fig 10",
          "of linearly dependent examples at least one has weight 0 "
          "(our number: among planted groups with any weight)",
          of(NEAR, ("combinations_one_dropped", None, None)), AtLeast(0.9, 0.5, NO_PLANTED)),
    Claim("copies_dropped", (PERCEPTRON,), "Section 3, Fig 10",
          "the same of exact copies, whose weights count as their sum alone",
          of(NEAR, ("copies_one_dropped", None, None)), AtLeast(0.9, 0.5, NO_PLANTED)),
    Claim("dependent_dropped_more_than_others", (PERCEPTRON,), "Section 3, Fig 10",
          "redundancy is why: unrelated examples are dropped less often "
          "(not reported; here the difference of shares)",
          ours.difference(of(NEAR, ("combinations_one_dropped", None, None)),
                          of(NEAR, ("combinations_one_dropped_control", None, None))),
          Beyond(0, missing=NO_PLANTED), asked_by=AUDIT),
    Claim("spoilt_left_out", PROBLEMS, "Section 3, Fig 8",
          "noisy examples get less than their share of the weight",
          ours.corrupted_weight, Beyond(1, below=True), corrupted=True),
)

#: This audit's questions to its controls: what the paper's single baseline, uniform weights, leaves open.
CONTROLS: tuple[Claim, ...] = (
    *on_both("more_than_a_longer_step", "Fig 5", lower("at the conventional policy's step length"),
             lambda against: ratio(f"objective_{against}", MATCHED), LOWER, (AUDIT, AUDIT), logarithmic=True,
             needs=(MATCHED,)),
    *on_both("beats_tuned_uniform", "Fig 5", lower("against uniform weights at their best learning rate"),
             lambda against: ratio(f"objective_{against}", NEAR, TUNED), LOWER, (AUDIT, AUDIT), logarithmic=True,
             needs=(TUNED,)),
    *on_both("beats_tuned_uniform_at_its_rate", "Fig 5", lower("both at uniform weights' best rate"),
             lambda against: ratio(f"objective_{against}", AT_TUNED_RATE, TUNED), LOWER, (AUDIT, AUDIT),
             logarithmic=True, needs=(AT_TUNED_RATE, TUNED)),
    *on_both("beats_desired_only", "Fig 5", lower("against training on the desired examples themselves"),
             lambda against: ratio(f"objective_{against}", NEAR, DESIRED_ONLY), LOWER, (AUDIT, AUDIT),
             logarithmic=True, needs=(DESIRED_ONLY,)),
    *on_both("beats_desired_only_tuned", "Fig 5",
             lower("against training on the desired examples at the best rate, stopped early"),
             lambda against: ratio(f"objective_{against}", NEAR, DESIRED_ONLY_TUNED), LOWER, (AUDIT, AUDIT),
             logarithmic=True, needs=(DESIRED_ONLY_TUNED,)),
)

#: The statements on the scaling law, which the paper makes of the Transformer.
SCALING: tuple[Claim, ...] = (
    Claim("law_fits", (LANGUAGE_MODEL,), "Table 1, Fig 11",
          "both loss curves follow a scaling law (our number: the smaller r squared)",
          ours.worse_fit, AtLeast(0.99, 0.95, NO_FITS)),
    Claim("scale_falls", (LANGUAGE_MODEL,), "Table 1, Fig 11",
          "B of the near-optimal policy is lower (our number: its ratio to the conventional one)",
          ratio("scale"), Beyond(1, below=True, missing=NO_LAW), logarithmic=True),
    Claim("exponent_rises", (LANGUAGE_MODEL,), "Table 1, Fig 11",
          "beta of the near-optimal policy is higher (our number: the difference)",
          change("exponent"), Beyond(0, missing=NO_LAW)),
    Claim("coefficients_explain_acceleration", (LANGUAGE_MODEL,), "Section 4, Table 2",
          "the speed-up stems from the coefficients (our number: AR from the fits over AR on the curves)",
          quotient(of(NEAR, "acceleration_fit_desired"), of(NEAR, "acceleration_desired")),
          Near(1, 1, 1.1, missing=NO_LAW), logarithmic=True),
    Claim("acceleration_grows_with_steps", (LANGUAGE_MODEL,), "Section 4",
          "the speed-up grows with the number of steps (our number: AR from the fits at 10M steps over that at T)",
          ours.growth, Beyond(1, missing=NO_LAW), logarithmic=True),
)
# fmt: on

#: Where a statement is from that neither the paper nor this audit makes.
OWN = "your own"

#: Your own statements, at every size: tables show `OWN` as their source, whatever it is here.
OWN_STATEMENTS: tuple[Claim, ...] = ()


def of_value(value: paper.Published) -> Claim:
    """Return the claim that our value is the published one, at the size of the paper's figures."""
    kind = KINDS[str(value.measure)]
    wording = LOG2 if value.mixed_units else kind.wording
    rule = kind.near(value.low, value.high)
    return Claim(
        kind.claim.format(value.policy),
        (value.problem,),
        value.source,
        wording.format(value.text),
        ours.of_value(value),
        rule,
        kind.logarithmic,
        task={},
    )


def _values(*measures: str) -> Iterator[Claim]:
    """Yield the claims on the published values of some measures, which are judged at the published task."""
    return (of_value(value) for value in paper.VALUES if value.measure in KINDS and value.measure in measures)


# fmt: off
#: The accelerations of Table 2, each at its size, and the one that the paper extrapolates.
SIZES: tuple[Claim, ...] = (
    *(Claim(f"table_2_acceleration_{row.steps // 1000}k", (LANGUAGE_MODEL,), "Table 2",
            f"{row.acceleration} at {row.steps} steps, {row.examples} examples",
            of(NEAR, "acceleration_desired"), SPEED(row.acceleration, row.acceleration), logarithmic=True,
            task=row.task)
      for row in TABLE_2),
    Claim("acceleration_at_10m_steps", (LANGUAGE_MODEL,), "Section 4",
          f"more than {AT_10M_STEPS} at 10M steps, extrapolated",
          ours.acceleration_at(FAR), Near(AT_10M_STEPS, math.inf, 1.25, mark=1, missing=NO_LAW), logarithmic=True,
          task={}),
)
# fmt: on

#: The claims by group, in the order of the report.
GROUPS: Mapping[str, tuple[Claim, ...]] = {
    "gain": (*GAIN, *_values("compression_ratio", "acceleration")),
    "law": (*LAW, *_values("similarity", *ASYMPTOTE)),
    "zero_weights": ZERO_WEIGHTS,
    "scaling": (*SCALING, *_values(*COEFFICIENTS), *SIZES),
    "controls": CONTROLS,
    "own": tuple(replace(claim, source=OWN, asked_by=YOU) for claim in OWN_STATEMENTS),
}

CLAIMS: tuple[Claim, ...] = tuple(
    replace(claim, group=group) for group, members in GROUPS.items() for claim in members
)


def _between(changes: list[float]) -> str:
    """Write the range of some relative changes in per cent."""
    return f"{100 * min(changes):.1f} to {100 * max(changes):.1f} %"


# fmt: off
CLAIMS_OF_SIZES: tuple[Claim, ...] = (
    Claim("table_2_acceleration_grows", (LANGUAGE_MODEL,), "Table 2",
          f"larger runs gain more: {', '.join(str(row.acceleration) for row in TABLE_2)} "
          "(our number: AR at the largest size over the smallest)",
          of(NEAR, "acceleration_desired"), Beyond(1, missing=NEVER), logarithmic=True,
          across=lambda sizes: sizes[-1] / sizes[0], group="scaling"),
    Claim("table_2_scale_falls", (LANGUAGE_MODEL,), "Table 2",
          f"B falls by {_between([row.scale_change for row in TABLE_2])} at every size "
          "(our number: the largest of its ratios to the conventional one)",
          ratio("scale"), Beyond(1, below=True, missing=NO_LAW), logarithmic=True, across=np.max,
          group="scaling"),
    Claim("table_2_exponent_rises", (LANGUAGE_MODEL,), "Table 2",
          f"beta rises by {_between([row.exponent_change for row in TABLE_2])} at every size "
          "(our number: the smallest difference)",
          change("exponent"), Beyond(0, missing=NO_LAW), across=np.min, group="scaling"),
)
# fmt: on
