"""The paper's claims, each with how ours is computed and the rule of its verdict; and their judgement.

Rules and tolerances are written down here before the runs that they judge, and say the same to every experiment. A
statement of direction or degree is judged wherever its problem is run. A statement of a value is judged only where
the task is the one it was published for: elsewhere it is not tested, and our number stands beside it all the same.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.analysis.scaling_sensitivity import FAR
from lawpipe.paper import measures as ours
from lawpipe.paper import values as paper
from lawpipe.paper.measures import CONVENTIONAL, NEAR, Measure, OfSizes
from lawpipe.paper.rules import NOT_REPRODUCED, NOT_TESTED, AtLeast, AtMost, Beyond, Judgement, Rule
from lawpipe.paper.rules import Near as Value
from lawpipe.results.experiment import Seed
from lawpipe.results.problem import corrupted_share

PERCEPTRON, LANGUAGE_MODEL = "perceptron", "language_model"
BOTH = (PERCEPTRON, LANGUAGE_MODEL)
Settings = Mapping[str, Any]

#: What it means that no seed has a value.
NEVER = Judgement(NOT_REPRODUCED, "no seed ever reaches the conventional policy's final loss")
NO_LAW = Judgement(NOT_TESTED, "in no seed do both curves follow a scaling law")
NO_PLANTED = Judgement(
    NOT_TESTED, "no dependent examples are planted here: the experiment perceptron_redundant has them"
)
NO_CONTROL = Judgement(NOT_TESTED, "the experiment does not have these policies")
NO_PAIR = Judgement(NOT_TESTED, "no seed has such a pair of step and example")
NO_COMMON_LOSS = Judgement(NOT_TESTED, "in no seed do the measured steps of both policies have losses in common")
NO_CURVE = Judgement(NOT_TESTED, "in no seed do the policies along the search determine the curve")

#: The factors within which a value is the same: of a compression ratio, an acceleration, a similarity, an exponent, a
#: floor or a first step, and a scale B, which varies by orders of magnitude.
RATIO, SPEED, ALIKE, EXPONENT, FLOOR, SCALE = 1.1, 1.25, 1.5, 1.25, 2.0, 10.0


@dataclass(frozen=True)
class Claim:
    """One statement of the paper, or of this audit beside it.

    `paper` is what the paper says, `measure` our number in one seed, `logarithmic` whether it is averaged as a
    logarithm. `task` is None for a statement that is judged at every size; for a value, it holds the settings (by
    dotted keys) in which its task differs from the paper's main one.
    """

    name: str
    problems: tuple[str, ...]
    source: str
    paper: str
    measure: Measure
    rule: Rule
    logarithmic: bool = False
    task: Mapping[str, Any] | None = None
    #: Whether it needs corrupted training examples.
    corrupted: bool = False
    #: Policies that it needs beside the two of every experiment: seeds without them do not count.
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClaimOfSizes:
    """A statement about several sizes of one experiment (Table 2)."""

    name: str
    source: str
    paper: str
    measure: OfSizes
    rule: Rule
    logarithmic: bool = False


def _statements() -> Iterator[Claim]:
    """Yield what is judged at every size, on desired and, as the audit's own, on unseen test examples."""
    yield Claim(
        "compression_rises",
        BOTH,
        "Fig 4",
        "the search raises the compression ratio",
        ours.change("compression_ratio_desired"),
        Beyond(1),
        logarithmic=True,
    )
    yield Claim(
        "compression_rises_unseen",
        BOTH,
        "Fig 4",
        "the same on examples that the search did not see (not reported)",
        ours.change("compression_ratio_test"),
        Beyond(1),
        logarithmic=True,
    )
    yield Claim(
        "gain_carries_over",
        BOTH,
        "Fig 4",
        "the whole gain holds on examples that the search did not see (not reported)",
        ours.gain_unseen,
        AtLeast(0.9, 0.5),
    )
    yield Claim(
        "acceleration",
        BOTH,
        "Fig 2, Fig 5",
        "the near-optimal policy needs fewer steps to the conventional policy's final loss",
        ours.of_summary(NEAR, "acceleration_desired"),
        Beyond(1, missing=NEVER),
        logarithmic=True,
    )
    yield Claim(
        "acceleration_unseen",
        BOTH,
        "Fig 2, Fig 5",
        "the same on examples that the search did not see (not reported)",
        ours.of_summary(NEAR, "acceleration_test"),
        Beyond(1, missing=NEVER),
        logarithmic=True,
    )
    for against, name in (
        ("desired", "similarity_higher_throughout"),
        ("test", "similarity_higher_throughout_unseen"),
    ):
        yield Claim(
            name,
            BOTH,
            "Fig 6",
            "a higher compression ratio goes with a higher similarity at every loss"
            + (" (contributions to the test loss)" if against == "test" else ""),
            ours.higher_throughout(against),
            AtLeast(0.9, 0.5, NO_COMMON_LOSS),
        )
    yield Claim(
        "similarity_rises_with_compression",
        BOTH,
        "Fig 3, Fig 7",
        "similarity rises with the compression ratio along the search",
        ours.rank_correlation(ours.compression("desired"), ours.similarity("desired")),
        AtLeast(0.8, 0.4),
    )
    yield Claim(
        "noncontributive_rises_with_compression",
        BOTH,
        "Fig 8",
        "the share of zero weights among examples with a contribution <= 0 rises with the compression ratio",
        ours.rank_correlation(ours.compression("desired"), ours.share_of("noncontributive_excluded", "desired")),
        AtLeast(0.8, 0.4),
    )
    for name, kind, against, text in (
        ("noncontributive_excluded", "instantaneous", "desired", "nearly all of them have weight 0"),
        ("noncontributive_excluded_unseen", "instantaneous", "test", "the same, contributions to the test loss"),
        ("noncontributive_excluded_adjoint", "adjoint", "desired", "the same, adjoint contributions (not reported)"),
    ):
        yield Claim(
            name,
            BOTH,
            "Fig 8",
            f"(t, n) with a contribution <= 0: {text}",
            ours.share("noncontributive_excluded", kind, against),
            AtLeast(0.9, 0.5, NO_PAIR),
        )
    yield Claim(
        "learned_ignored",
        (PERCEPTRON,),
        "Fig 9",
        "more than 90 % of (t, n) with loss < 1e-6 have less than 0.2 of the step's largest weight",
        ours.share("learned_ignored", None, None),
        AtLeast(0.9, 0.5, NO_PAIR),
    )
    yield Claim(
        "redundant_dropped",
        BOTH,
        "Fig 10",
        "a large share of the examples with a contribution > 0 have weight 0",
        ours.share("redundant_dropped", "instantaneous", "desired"),
        AtLeast(0.5, 0.1, NO_PAIR),
    )
    yield Claim(
        "dependent_dropped",
        (PERCEPTRON,),
        "Section 3, Fig 10",
        "of linearly dependent examples at least one has weight 0 (our number: among planted groups with any weight)",
        ours.share("combinations_one_dropped", None, None),
        AtLeast(0.9, 0.5, NO_PLANTED),
    )
    yield Claim(
        "copies_dropped",
        (PERCEPTRON,),
        "Section 3, Fig 10",
        "the same of exact copies, whose weights count as their sum alone",
        ours.share("copies_one_dropped", None, None),
        AtLeast(0.9, 0.5, NO_PLANTED),
    )
    yield Claim(
        "dependent_dropped_more_than_others",
        (PERCEPTRON,),
        "Section 3, Fig 10",
        "redundancy is why: unrelated examples are dropped less often (not reported; here the difference of shares)",
        ours.difference(
            ours.share("combinations_one_dropped", None, None),
            ours.share("combinations_one_dropped_control", None, None),
        ),
        Beyond(0, missing=NO_PLANTED),
    )
    yield Claim(
        "spoilt_left_out",
        BOTH,
        "Section 3, Fig 8",
        "noisy examples get less than their share of the weight",
        ours.corrupted_weight,
        Beyond(1, below=True),
        corrupted=True,
    )
    yield Claim(
        "local_speed_is_global",
        BOTH,
        "Section 3",
        "the weighted mean contribution is the speed of the loss (our number: median relative error)",
        ours.speed_error,
        AtMost(0.1, 0.5),
    )
    yield Claim(
        "contributions_equal",
        BOTH,
        "Section 3, Fig 3",
        "under an optimal policy the examples with weight contribute equally (our number: mean similarity)",
        ours.of_summary(NEAR, "similarity_desired"),
        AtLeast(10, 1),
    )
    yield Claim(
        "instantaneous_law",
        BOTH,
        "Section 3",
        "it is the instantaneous contributions that become equal (our number: their similarity over the adjoint one)",
        ours.positive(
            ours.quotient(
                ours.of_summary(NEAR, "similarity_desired"), ours.of_summary(NEAR, "adjoint_similarity_desired")
            )
        ),
        Beyond(1),
        logarithmic=True,
    )
    yield Claim(
        "near_optimal_is_stationary",
        BOTH,
        "Section 2",
        "the policy found is near-optimal (no certificate reported; our number: Frank-Wolfe gap over J)",
        ours.quotient(ours.of_summary(NEAR, "gap"), ours.of_summary(NEAR, "objective_desired")),
        AtMost(0.01, 0.1),
    )


def _controls() -> Iterator[Claim]:
    """Yield this audit's questions to its controls: what the paper's one uniform policy leaves open."""
    for name, policy, reference, text in (
        ("more_than_a_longer_step", "near_optimal_matched", CONVENTIONAL, "at the conventional policy's step length"),
        ("beats_tuned_uniform", NEAR, "conventional_tuned", "against uniform weights at their best learning rate"),
        (
            "beats_tuned_uniform_at_its_rate",
            "near_optimal_at_tuned_rate",
            "conventional_tuned",
            "both at uniform weights' best rate",
        ),
    ):
        for against, ending in (("desired", ""), ("test", "_unseen")):
            objective = f"objective_{against}"
            yield Claim(
                name + ending,
                BOTH,
                "Fig 5",
                f"the weights lower J, {text}{', unseen examples' if ending else ''} (not reported; here J's ratio)",
                ours.quotient(ours.of_summary(policy, objective), ours.of_summary(reference, objective)),
                Beyond(1, below=True, missing=NO_CONTROL),
                logarithmic=True,
                needs=tuple(each for each in (policy, reference) if each not in (NEAR, CONVENTIONAL)),
            )


def _scaling() -> Iterator[Claim]:
    """Yield the qualitative statements on the scaling law, which the paper makes of the Transformer."""
    only = (LANGUAGE_MODEL,)
    yield Claim(
        "law_fits",
        only,
        "Table 1, Fig 11",
        "both loss curves follow a scaling law (our number: the smaller r squared)",
        ours.worse_fit,
        AtLeast(0.99, 0.95, Judgement(NOT_REPRODUCED, "in no seed do both curves follow a scaling law")),
    )
    yield Claim(
        "scale_falls",
        only,
        "Table 1, Fig 11",
        "B of the near-optimal policy is lower (our number: its ratio to the conventional one)",
        ours.quotient(ours.of_fit(NEAR, "scale"), ours.of_fit(CONVENTIONAL, "scale")),
        Beyond(1, below=True, missing=NO_LAW),
        logarithmic=True,
    )
    yield Claim(
        "exponent_rises",
        only,
        "Table 1, Fig 11",
        "beta of the near-optimal policy is higher (our number: the difference)",
        ours.fit_difference("exponent"),
        Beyond(0, missing=NO_LAW),
    )
    yield Claim(
        "coefficients_explain_acceleration",
        only,
        "Section 4, Table 2",
        "the speed-up stems from the coefficients (our number: AR from the fits over AR on the curves)",
        ours.quotient(
            ours.of_summary(NEAR, "acceleration_fit_desired"), ours.of_summary(NEAR, "acceleration_desired")
        ),
        Value(1, 1, 1.1, missing=NO_LAW),
        logarithmic=True,
    )
    yield Claim(
        "acceleration_grows_with_steps",
        only,
        "Section 4",
        "the speed-up grows with the number of steps (our number: AR from the fits at 10M steps over that at T)",
        ours.growth,
        Beyond(1, missing=NO_LAW),
        logarithmic=True,
    )


def _of_task(problem: str, name: str, source: str, text: str, measure: Measure, rule: Rule, **more: Any) -> Claim:
    """Return the claim of a value at the size of the paper's figures."""
    return Claim(name, (problem,), source, text, measure, rule, **{"task": {}, **more})


def _values() -> Iterator[Claim]:
    """Yield the published values."""
    mixed = 1 / math.log(2)
    for problem, rows in (
        (PERCEPTRON, ((CONVENTIONAL, "about 4", 4.0, 4.0), (NEAR, "about 6.5 to 7", 6.5, 7.0))),
        (LANGUAGE_MODEL, ((CONVENTIONAL, "about 2.92", 2.92, 2.92), (NEAR, "about 3.24", 3.24, 3.24))),
    ):
        unit = mixed if problem == LANGUAGE_MODEL else 1.0
        words = " (log2 |V| over nats)" if problem == LANGUAGE_MODEL else ""
        for policy, text, low, high in rows:
            measure = ours.of_summary(policy, "compression_ratio_desired", unit)
            yield _of_task(
                problem, f"compression_of_{policy}", "Fig 4", text + words, measure, Value(low, high, RATIO)
            )
    for problem, text, source, value in (
        (PERCEPTRON, "5.50", "Fig 5", 5.5),
        (LANGUAGE_MODEL, "2.41", "Fig 2, Fig 5", 2.41),
    ):
        rule = Value(value, value, SPEED, mark=1, missing=NEVER)
        measure = ours.of_summary(NEAR, "acceleration_desired")
        yield _of_task(problem, "acceleration_value", source, text, measure, rule, logarithmic=True)
    for policy, value in ((CONVENTIONAL, 0.17), (NEAR, 0.52)):
        measure = ours.of_summary(policy, "similarity_desired")
        rule = Value(value, value, ALIKE)
        yield _of_task(LANGUAGE_MODEL, f"similarity_of_{policy}", "Fig 7", f"about {value}", measure, rule)
    for coefficient, value in (("a", 1.203), ("b", 3.268), ("c", 0.14)):
        rule = Value(value, value, EXPONENT, missing=NO_CURVE)
        text = f"about {value} (SIM = c ln(a / (b - CR)))"
        yield _of_task(
            LANGUAGE_MODEL, f"asymptote_{coefficient}", "Fig 7", text, ours.asymptote_of(coefficient), rule
        )
    for policy, name, text, value, factor in (
        (CONVENTIONAL, "loss_floor", "L0 0.051", 0.051, FLOOR),
        (CONVENTIONAL, "first_step", "t0 400", 400, FLOOR),
        (CONVENTIONAL, "scale", "B 3.16e8", 3.16e8, SCALE),
        (NEAR, "scale", "B 1.99e7", 1.99e7, SCALE),
        (CONVENTIONAL, "exponent", "beta 0.12", 0.12, EXPONENT),
        (NEAR, "exponent", "beta 0.14", 0.14, EXPONENT),
    ):
        shared = name in ("loss_floor", "first_step")
        yield _of_task(
            LANGUAGE_MODEL,
            name if shared else f"{name}_of_{policy}",
            "Table 1, Fig 11",
            text,
            ours.of_fit(policy, name),
            Value(value, value, factor, missing=NO_LAW),
            logarithmic=name == "scale",
        )
    for row in paper.TABLE_2:
        yield _of_task(
            LANGUAGE_MODEL,
            f"table_2_acceleration_{row.steps // 1000}k",
            row.source,
            f"{row.acceleration} at {row.steps} steps, {row.examples} examples",
            ours.of_summary(NEAR, "acceleration_desired"),
            Value(row.acceleration, row.acceleration, SPEED, mark=1, missing=NEVER),
            logarithmic=True,
            task=row.task,
        )
    yield _of_task(
        LANGUAGE_MODEL,
        "acceleration_at_10m_steps",
        "Section 4",
        "more than 9 at 10M steps, extrapolated",
        ours.acceleration_at(FAR),
        Value(9, math.inf, SPEED, mark=1, missing=NO_LAW),
        logarithmic=True,
    )


CLAIMS: tuple[Claim, ...] = (*_statements(), *_controls(), *_scaling(), *_values())

CLAIMS_OF_SIZES: tuple[ClaimOfSizes, ...] = (
    ClaimOfSizes(
        "table_2_acceleration_grows",
        "Table 2",
        "larger runs gain more: 2.16, 2.31, 2.41, 2.48 (our number: AR at the largest size over the smallest)",
        ours.largest_over_smallest(ours.of_summary(NEAR, "acceleration_desired")),
        Beyond(1, missing=NEVER),
        logarithmic=True,
    ),
    ClaimOfSizes(
        "table_2_scale_falls",
        "Table 2",
        "B falls by 88.5 to 94.9 % at every size (our number: the largest of its ratios to the conventional one)",
        ours.extreme(ours.quotient(ours.of_fit(NEAR, "scale"), ours.of_fit(CONVENTIONAL, "scale")), max),
        Beyond(1, below=True, missing=NO_LAW),
        logarithmic=True,
    ),
    ClaimOfSizes(
        "table_2_exponent_rises",
        "Table 2",
        "beta rises by 10.0 to 19.0 % at every size (our number: the smallest difference)",
        ours.extreme(ours.fit_difference("exponent"), min),
        Beyond(0, missing=NO_LAW),
    ),
)

#: The settings in which the sizes of one experiment may differ.
OF_SIZE = ("training.steps", "data.train_examples", "data.tokenizer.vocabulary", "data.corpus.stories")


def judge(root: Path, experiments: Mapping[str, Settings]) -> list[dict[str, Any]]:
    """Return the rows of the table of claims over some experiments under `root`, by the columns of `claims`.

    A claim of a value has a row for each experiment whose task is the published one, or, if there is none, for the
    first experiment of its problem: not tested, with the reason.
    """
    seeds = {
        name: {seed: Seed(root / name / f"seed{seed}", settings) for seed in settings["seeds"]}
        for name, settings in experiments.items()
    }
    rows = []
    for claim in CLAIMS:
        for name in _experiments_of(claim, experiments):
            having = [seed for seed in seeds[name].values() if set(claim.needs) <= set(seed.summary)]
            values = [claim.measure(seed) for seed in having]
            found = mean_interval(values, logarithmic=claim.logarithmic)
            away = _elsewhere(experiments[name], claim.task or {})
            elsewhere = claim.task is not None and away
            judged = _untested(away) if elsewhere else _placed(claim.rule.judge(found), away)
            rows.append(_row(claim, name, found, judged))
    sizes = _sizes(experiments)
    for of_sizes in CLAIMS_OF_SIZES:
        if not sizes:
            continue
        common = sorted(set.intersection(*(set(seeds[name]) for name in sizes)))
        if len(sizes) == 1:
            judged = Judgement(NOT_TESTED, "the config has one size of the experiment: config/grid.yaml has several")
            found = Interval(None, None, None, 0, 0)
        elif not common:
            judged = Judgement(NOT_TESTED, "the sizes of the experiment have no seed in common")
            found = Interval(None, None, None, 0, 0)
        else:
            values = [of_sizes.measure([seeds[name][seed] for name in sizes]) for seed in common]
            found = mean_interval(values, logarithmic=of_sizes.logarithmic)
            judged = of_sizes.rule.judge(found)
        rows.append(_row(of_sizes, sizes[-1], found, judged))
    return rows


def _row(claim: Claim | ClaimOfSizes, experiment: str, found: Interval, judged: Judgement) -> dict[str, Any]:
    """Return a row of the table."""
    return {
        "claim": claim.name,
        "experiment": experiment,
        "source": claim.source,
        "paper": claim.paper,
        "ours": found.mean,
        "low": found.low,
        "high": found.high,
        "n": found.n_reached,
        "verdict": judged.verdict,
        "reason": judged.reason,
    }


def _experiments_of(claim: Claim, experiments: Mapping[str, Settings]) -> list[str]:
    """Return the experiments that have a row of a claim."""
    suited = [
        name
        for name, settings in experiments.items()
        if settings["problem"] in claim.problems and (not claim.corrupted or corrupted_share(settings))
    ]
    if claim.task is None:
        return suited
    same = [name for name in suited if not _elsewhere(experiments[name], claim.task)]
    return same or suited[:1]


def _elsewhere(settings: Settings, task: Mapping[str, Any]) -> list[str]:
    """Return how an experiment's task is not the published one, a phrase a setting, its size first."""
    here = dict(paper.leaves(settings))
    phrases = {each.key: f"{each.label} {each.here}" for each in paper.differences(settings) if each.key not in task}
    for key, value in task.items():
        if here.get(key) != value:
            phrases[key] = f"{key.partition('.')[2].replace('.', ' ').replace('_', ' ')} {here.get(key)}"
    return [phrases[key] for key in sorted(phrases, key=lambda key: key not in OF_SIZE)]


def _untested(away: Sequence[str]) -> Judgement:
    """Say why a value is not comparable."""
    return Judgement(NOT_TESTED, f"the value is of another task or size; here {_briefly(away)}")


def _placed(judged: Judgement, away: Sequence[str]) -> Judgement:
    """Add to a judgement of a statement that it is of another task or size than the paper's."""
    if not away or judged.verdict == NOT_TESTED:
        return judged
    return Judgement(judged.verdict, f"{judged.reason} (the paper's task or size is another; here {_briefly(away)})")


def _briefly(phrases: Sequence[str]) -> str:
    """Join some phrases; the report has all settings beside the paper's."""
    more = f" and {len(phrases) - 3} more" if len(phrases) > 3 else ""
    return f"{', '.join(phrases[:3])}{more}"


def _sizes(experiments: Mapping[str, Settings]) -> list[str]:
    """Return the language-model experiments that differ in size alone from the first one, smallest first."""
    texts = {name: settings for name, settings in experiments.items() if settings["problem"] == LANGUAGE_MODEL}
    if not texts:
        return []
    shapes = {name: _shape(settings) for name, settings in texts.items()}
    first = next(iter(shapes.values()))
    alike = [name for name, shape in shapes.items() if shape == first]
    by_steps = {texts[name]["training"]["steps"]: name for name in reversed(alike)}
    return [by_steps[steps] for steps in sorted(by_steps)]


def _shape(settings: Settings) -> dict[str, Any]:
    """Return the settings of an experiment but its size, seeds and what is only reported."""
    task = {key: settings[key] for key in ("data", "model", "training", "search") if key in settings}
    kept = {key: value for key, value in paper.leaves(task) if key not in OF_SIZE}
    return {key: value for key, value in kept.items() if key != "search.snapshots"}
