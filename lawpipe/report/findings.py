"""The findings of the page: sentences generated from the numbers of one experiment, or of all, by `findings.txt`."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lawpipe.analysis import gain, smoothness
from lawpipe.analysis.intervals import FEWEST, Interval
from lawpipe.paper import values as paper
from lawpipe.policies.catalogue import POLICIES
from lawpipe.report import templates
from lawpipe.results import certificate, gains, problem
from lawpipe.results.experiment import Results, select
from lawpipe.results.numbers import (
    MULTIPLE,
    UNBROKEN,
    interval,
    is_too_wide,
    number,
    part_of,
    percent,
    plural,
    share_of,
)


def overview(experiments: Sequence[Results], hardware: Sequence[str], seconds: float) -> list[str]:
    """Return five sentences on all experiments, the machines that computed them, and the total time of all jobs."""
    return _written("overview", experiments, hardware, duration(seconds))


@dataclass(frozen=True)
class Outcome:
    """What the control that decides, uniform weights at their own best learning rate, says of one experiment.

    `kind` is, of the near-optimal policy's gain in J on the desired examples: `matters` if its J is below the
    control's, with the whole interval; `exceeded` if it is above, likewise; `explained` if neither is certain, and
    `open` if the control's share of the gain is then not either (`numbers.is_too_wide`: it may be none or all);
    `untested` without the control; `no gain` if the gain itself is not above 0, with its whole interval.
    """

    kind: str
    #: The experiment's name and, if they are too few for an interval, the number of its seeds.
    name: str
    #: The control's share of the gain, not finite without one.
    share: float
    #: Whether there are too few seeds for an interval.
    is_uncertain: bool


def outcome(results: Results) -> Outcome:
    """Return what the control that decides says of an experiment."""
    desired = gains.objectives(results, "desired")
    total, share = gain.difference(desired, gains.BASE, gains.BEST), gain.share(desired, gains.TUNED)
    counted = min(total.n, share.n or total.n)
    is_uncertain = counted < FEWEST
    name = f"{results.name} ({plural(counted, 'seed')})" if is_uncertain else results.name
    if not gain.is_positive(total):
        kind = "no gain"
    elif share.mean is None:
        kind = "untested"
    elif gain.is_positive(gain.difference(desired, gains.TUNED, gains.BEST)):
        kind = "matters"
    else:
        exceeded = gain.is_positive(gain.difference(desired, gains.BEST, gains.TUNED))
        kind = "exceeded" if exceeded else "open" if is_too_wide(share, share=True) else "explained"
    return Outcome(kind, name, share.mean_or_nan, is_uncertain)


def verdict(experiments: Sequence[Results]) -> str:
    """Say in one sentence what explains the near-optimal policy's gain in each experiment."""
    outcomes = [outcome(results) for results in experiments]
    explained, exceeded, matters, undecided, none, untested = (
        [one for one in outcomes if one.kind == kind]
        for kind in ("explained", "exceeded", "matters", "open", "no gain", "untested")
    )
    control, whole = "a better learning rate alone, with uniform weights,", " of the near-optimal policy's gain"
    clauses = []
    if explained:
        first, *others = explained
        parts = [f"{_rounded(first.share)}{whole} in {first.name}"]
        parts += [f"{_rounded(one.share)} in {one.name}" for one in others]
        clauses.append(f"{control} explains {listed(parts)}")
    if exceeded:
        than = "" if clauses else " as the near-optimal policy"
        parts = [f"{number(one.share, 2)} times as much{than} in {one.name}" for one in exceeded]
        clauses = [
            " and ".join([*clauses, f"gains {listed(parts)}" if clauses else f"{control} gains {listed(parts)}"])
        ]
    if matters:
        shares = listed([_rounded(one.share) for one in matters])
        names = listed([one.name for one in matters])
        explains = f"it explains {shares}" if clauses else f"{control} explains {shares}{whole}"
        clauses.append(f"the weights themselves matter in {names}, where {explains}")
    if undecided:
        which = listed([one.name for one in undecided])
        clauses.append(f"what explains the gain in {which} is open: the seeds differ too much")
    if none:
        clauses.append(f"the near-optimal policy has no certain gain in {listed([one.name for one in none])}")
    if untested:
        names = listed([one.name for one in untested])
        missing = "uniform weights at their best learning rate were not run there"
        clauses.append(f"what explains the gain in {names} is not known: {missing}")
    if any(one.is_uncertain for one in outcomes):
        clauses.append("fewer than three seeds are no test")
    sentence = "; ".join(clauses)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _rounded(share: float) -> str:
    """Write a share of a gain with two digits."""
    return f"{number(100 * share, 2)}{UNBROKEN}%" if abs(share) <= MULTIPLE else percent(share)


def listed(parts: Sequence[str], most: int = 4) -> str:
    """Join some phrases; of more than `most`, give the number of the others."""
    shown = [*parts] if len(parts) <= most else [*parts[:most], f"{len(parts) - most} more"]
    return " and ".join([*([", ".join(shown[:-1])] if shown[1:] else []), *shown[-1:]])


def unseen(experiments: Sequence[Results]) -> str:
    """Say how the near-optimal policy does on unseen examples in each experiment."""
    return _written("unseen", experiments)[0]


def sentences(results: Results) -> list[str]:
    """Return the findings of an experiment, one sentence each."""
    return _written("sentences", results)


def explained(results: Results) -> str:
    """Say which share of the near-optimal policy's gain each control explains."""
    chosen = sorted(gains.chosen(rows, "learning_rate") for rows in gains.grids(results, gains.TUNED))
    rates = " to ".join(dict.fromkeys(map(number, (chosen[0], chosen[-1])))) if chosen else ""
    return _written("gains", results, rates)[0]


def _written(macro: str, *values: Any) -> list[str]:
    """Return what a macro of `findings.txt` writes, by paragraph. A no-break space stays."""
    text = getattr(templates.load("findings.txt", **WORDS).module, macro)(*values)
    return [re.sub(r"[ \n]+", " ", part.strip(" \n")) for part in text.split("\n\n") if part.strip()]


def duration(seconds: float) -> str:
    """Write a time in hours, minutes or seconds."""
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{number(seconds / size, 2)} {unit}"
    return f"{number(seconds, 2)} seconds"


def both(results: Results, quantity: str) -> list[Interval]:
    """Return a quantity of the conventional and of the near-optimal policy."""
    return [results.quantity(policy, quantity) for policy in ("conventional", "near_optimal")]


def change(results: Results, quantity: str) -> str:
    """Write the change of a quantity from the conventional to the near-optimal policy."""
    return " to ".join(map(interval, both(results, quantity)))


def relative(results: Results, quantity: str) -> float:
    """Return the relative change of a quantity; NaN if it is not known."""
    before, after = both(results, quantity)
    return after.mean_or_nan / before.mean_or_nan - 1


def remaining(results: Results) -> str:
    """Write the near-optimal policy's gap as a share of J, or that it is above J or unstable."""
    written = certificate.written(certificate.of_policy(results))
    return f"{written} of J" if written.endswith("%") else written


def why_not(results: Results) -> str:
    """Say why the near-optimal policy's gap is no share of J; nothing if it is one."""
    return certificate.caveat(certificate.of_policy(results))


def largest_change(results: Results, replay: str) -> str:
    """Write the largest relative change of the near-optimal policy's J in a replay, over the seeds."""
    changes = select(results.summary, policy="near_optimal")[replay].dropna().abs()
    return "-" if changes.empty else number(float(changes.max()), 2) if np.isfinite(changes.max()) else "infinite"


def kept_promise(results: Results) -> float:
    """Return the median, over the steps of all searches, of the change of J over the one that its gradient promised.

    NaN without a step.
    """
    logs = [smoothness.kept_promises(log["objective"], log["predicted"]) for _, log in results.search.groupby("seed")]
    ratios = np.concatenate(logs)
    return float(np.median(ratios)) if ratios.size else math.nan


def differences(results: Results) -> list[str]:
    """Say for each setting of the task that is not the paper's how it differs."""
    changed = paper.differences(results.settings)
    return [f"{paper.words(key)} {here} instead of {theirs}" for key, here, theirs in changed]


#: What the sentences use. The overview names as many as `NAMED` settings that differ; of more, it gives the number.
WORDS: dict[str, Any] = {
    **{
        function.__name__: function
        for function in (interval, number, part_of, percent, plural, share_of, math.isfinite)
    },
    **{
        function.__name__: function
        for function in (both, change, relative, remaining, why_not, largest_change, kept_promise, differences)
    },
    **{"paper": paper, "problem": problem, "gain": gain, "POLICIES": POLICIES, "NAMED": 2},
    **{name: getattr(gains, name) for name in ("objectives", "BASE", "BEST", "TUNED", "ORACLE")},
    "SIMILARITIES": {"instantaneous": "similarity_desired", "adjoint": "adjoint_similarity_desired"},
    "MODELS": {problem.PERCEPTRON: "perceptron", problem.LANGUAGE_MODEL: "transformer"},
}
