"""The judgement of the claims: the rows of the table `claims`, from the tables of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lawpipe.analysis.intervals import NO_SEEDS, Interval, mean_interval
from lawpipe.paper import claims
from lawpipe.paper import values as paper
from lawpipe.paper.claims import Claim
from lawpipe.paper.rules import NOT_TESTED, Judgement, p_value
from lawpipe.paper.table_2 import SIZE
from lawpipe.results.experiment import Seed
from lawpipe.results.problem import LANGUAGE_MODEL, Settings, corrupted_share

ONE_SIZE = Judgement(NOT_TESTED, "the config has one size of the experiment: config/grid.yaml has several")
NO_COMMON_SEED = Judgement(NOT_TESTED, "the sizes of the experiment have no seed in common")

#: The settings in which the sizes of one experiment may differ.
OF_SIZE = (*SIZE, "data.corpus.stories")


def judge(root: Path, experiments: Mapping[str, Settings]) -> list[dict[str, Any]]:
    """Return the rows of the table of claims over some experiments under `root`, by the columns of `claims`.

    A claim of a value has one row for each experiment whose task is the published one. If there is none, it has one
    row for the first experiment of its problem: not tested, with the reason.
    """
    seeds = {
        name: {seed: Seed(root / name / f"seed{seed}", settings) for seed in settings["seeds"]}
        for name, settings in experiments.items()
    }
    rows = [
        _row(claim, name, *_judged(claim, list(seeds[name].values()), experiments[name]))
        for claim in claims.CLAIMS
        for name in _experiments_of(claim, experiments)
    ]
    sizes = _sizes(experiments)
    of_sizes = [seeds[name] for name in sizes]
    rows += [_row(claim, sizes[-1], *_judged_of_sizes(claim, of_sizes)) for claim in claims.CLAIMS_OF_SIZES if sizes]
    tests = {index: row["p"] for index, row in enumerate(rows) if row["p"] is not None}
    for index, corrected in zip(tests, holm([*tests.values()]), strict=True):
        rows[index]["holm"] = corrected
    return rows


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values after Holm's correction for their number: those below 0.05 are together wrong in 5 % of runs.

    The k-th smallest of m becomes ``max over j <= k of min(1, (m - j + 1) p_j)``, whatever their dependence (Holm
    1979, Scandinavian Journal of Statistics 6).
    """
    corrected, least = [1.0] * len(values), 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=lambda index: values[index])):
        least = corrected[index] = max(least, min(1.0, (len(values) - rank) * values[index]))
    return corrected


def _judged(claim: Claim, seeds: Sequence[Seed], settings: Settings) -> tuple[Interval, Judgement]:
    """Return our value for a claim over the seeds of one experiment, and its judgement."""
    having = [seed for seed in seeds if set(claim.needs) <= set(seed.summary)]
    try:
        ours = mean_interval([claim.measure(seed) for seed in having], logarithmic=claim.logarithmic)
    except Exception as error:
        error.add_note(f"while computing our number for the claim {claim.name}")
        raise
    elsewhere = _elsewhere(settings, claim.task or {})
    more = f" and {len(elsewhere) - 3} more" if len(elsewhere) > 3 else ""
    here = f"here {', '.join(elsewhere[:3])}{more}"
    if claim.task is not None and elsewhere:
        return ours, Judgement(NOT_TESTED, f"the value is of another task or size; {here}")
    judged = claim.rule.judge(ours).with_caveat(claim.caveat(having) if claim.caveat is not None else "")
    if elsewhere and judged.verdict != NOT_TESTED:
        judged = Judgement(judged.verdict, f"{judged.reason} (the paper's task or size is another; {here})")
    return ours, judged


def _judged_of_sizes(claim: Claim, sizes: Sequence[Mapping[int, Seed]]) -> tuple[Interval, Judgement]:
    """Return our value for a claim over the seeds that all sizes have, smallest size first, and its judgement."""
    common = sorted(set.intersection(*map(set, sizes)))
    if len(sizes) == 1 or not common:
        return NO_SEEDS, ONE_SIZE if len(sizes) == 1 else NO_COMMON_SEED
    assert claim.across is not None
    values = [claim.across([claim.measure(seeds[seed]) for seeds in sizes]) for seed in common]
    ours = mean_interval(values, logarithmic=claim.logarithmic)
    return ours, claim.rule.judge(ours)


def _row(claim: Claim, experiment: str, ours: Interval, judged: Judgement) -> dict[str, Any]:
    """Return one row of the table, without a p-value for a claim that is not tested."""
    is_tested = judged.verdict != NOT_TESTED
    return {
        "claim": claim.name,
        "experiment": experiment,
        "source": claim.source,
        "paper": claim.paper,
        "ours": ours.mean,
        "low": ours.low,
        "high": ours.high,
        "n": ours.n_reached,
        **vars(judged),
        "group": claim.group,
        "asked_by": claim.asked_by,
        "p": p_value(claim.rule, ours, logarithmic=claim.logarithmic) if is_tested else None,
        "holm": None,
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
    return [name for name in suited if not _elsewhere(experiments[name], claim.task)] or suited[:1]


def _elsewhere(settings: Settings, task: Mapping[str, Any]) -> list[str]:
    """Return how an experiment's task differs from the published one: one phrase per setting, its size first.

    `task` has the settings, by dotted keys, in which the published task is not that of the paper's figures.
    """
    here = dict(paper.leaves(settings))
    phrases = {key: f"{paper.words(key)} {here}" for key, here, _ in paper.differences(settings) if key not in task}
    phrases |= {key: f"{paper.words(key)} {here.get(key)}" for key, value in task.items() if here.get(key) != value}
    return [phrases[key] for key in sorted(phrases, key=lambda key: key not in OF_SIZE)]


def _sizes(experiments: Mapping[str, Settings]) -> list[str]:
    """Return the language-model experiments that differ from the first one in nothing but size, smallest first."""
    shapes = {}
    for name, settings in experiments.items():
        if settings["problem"] == LANGUAGE_MODEL:
            task = {key: settings[key] for key in ("data", "model", "training", "search") if key in settings}
            ignored = (*OF_SIZE, "search.snapshots")
            shapes[name] = {key: value for key, value in paper.leaves(task) if key not in ignored}
    alike = [name for name, shape in shapes.items() if shape == next(iter(shapes.values()))]
    by_steps = {experiments[name]["training"]["steps"]: name for name in reversed(alike)}
    return [by_steps[steps] for steps in sorted(by_steps)]
