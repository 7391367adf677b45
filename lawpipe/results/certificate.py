"""What the Frank-Wolfe gap of a policy certifies, if anything.

The gap is what the linear model of J, at the policy, promises the best change of all weights. J cannot fall by more
than all of it, so a gap above J says no more than that the policy is not stationary. And where training amplifies
small changes, J and its gradient belong to the rounding of one run.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lawpipe.analysis import replay
from lawpipe.results.experiment import Results, select
from lawpipe.results.numbers import number, percent, plural

#: Largest growth of the adjoint with which a gap above J still comes from an adjoint to be trusted.
MODERATE = 10.0

#: What a gap can be: a share of J that certifies how near the policy is to stationarity; more than J; nothing.
SHARE, ABOVE, UNSTABLE = "share", "above J", "unstable"


@dataclass(frozen=True)
class Certificate:
    """What the gap of one policy of one seed certifies, one of SHARE, ABOVE and UNSTABLE, and why."""

    kind: str
    reason: str
    #: gap / J.
    relative_gap: float

    @property
    def meaningful(self) -> bool:
        """Whether the gap is the policy's own, and not that of its rounding."""
        return self.kind != UNSTABLE


def certificate(row: Mapping[Any, Any]) -> Certificate:
    """Judge a row of the summary: a policy of one seed.

    Unstable if training again changes J by more than `replay.AGREES`, in float64 or with moved weights; or if the gap
    is above J and the adjoint grows more than tenfold (`MODERATE`) beyond the terms that it sums; or if J or the gap
    is not finite. Otherwise the gap is a share of J or, if larger, above J. Replays that were not made do not count.
    """
    objective, gap, growth = (_known(row, name) for name in ("objective_desired", "gap", "adjoint_growth_max"))
    relative = gap / objective if objective > 0 else math.nan
    if not math.isfinite(relative):
        reason = "training diverges" if not math.isfinite(objective) else "the gap is not finite"
        return Certificate(UNSTABLE, reason, relative)
    for name, how in (("replay_float64", "in float64"), ("replay_moved", "with weights moved by 1e-6")):
        change = _known(row, name)
        if not (math.isnan(change) or replay.agrees(change)):
            what = f"changes J by {percent(abs(change))}" if math.isfinite(change) else "diverges"
            return Certificate(UNSTABLE, f"training again {how} {what}; {_steps(row)}", relative)
    if gap <= objective:
        return Certificate(SHARE, "", relative)
    if growth > MODERATE:
        return Certificate(UNSTABLE, f"the gap is above J; {_steps(row)}", relative)
    return Certificate(ABOVE, f"the linear model promises {number(relative)} times all of J", relative)


def _known(row: Mapping[Any, Any], name: str) -> float:
    """Return a number of a row, NaN where it has none."""
    value = row.get(name)
    return math.nan if value is None else float(value)


def _steps(row: Mapping[Any, Any]) -> str:
    """Say how unstable the steps are."""
    sharpness, growth = (number(_known(row, name)) for name in ("sharpness_max", "adjoint_growth_max"))
    return f"sharpness up to {sharpness}, the adjoint grows {growth} times"


def of_policy(results: Results, policy: str = "near_optimal") -> list[Certificate]:
    """Return the certificate of a policy in each seed that has it."""
    rows = select(results.summary, policy=policy)
    return [certificate(row.to_dict()) for _, row in rows.iterrows()]


def written(certificates: Sequence[Certificate]) -> str:
    """Write the gap as a share of J, the mean over the seeds, or that it is above J or unstable in some of them."""
    kinds = [certificate.kind for certificate in certificates]
    for kind in (UNSTABLE, ABOVE):
        if kind in kinds:
            return kind + (f" ({kinds.count(kind)} of {plural(len(kinds), 'seed')})" if set(kinds) != {kind} else "")
    return percent(sum(certificate.relative_gap for certificate in certificates) / len(kinds)) if kinds else "-"


def caveat(certificates: Iterable[Certificate]) -> str:
    """Say in which seeds the gap is no share of J, with the reason in the first of them; nothing if it is in all."""
    known = list(certificates)
    for kind in (UNSTABLE, ABOVE):
        reasons = [certificate.reason for certificate in known if certificate.kind == kind]
        if reasons:
            return f"{kind} in {len(reasons)} of {plural(len(known), 'seed')}: {reasons[0]}"
    return ""
