"""The scaling laws of all policies of one seed: the rows of the tables `fits` and `sensitivity`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lawpipe.analysis import convexity, scaling_law, scaling_sensitivity
from lawpipe.analysis.curves import Losses

#: The policies that L0 and t0 are fitted to.
SHARING = ("conventional", "near_optimal")


def rows(losses: Losses) -> list[dict[str, Any]]:
    """Return L0, B, beta, t0, r^2 and 95 % intervals: one row per policy and reference set.

    L0 and t0 are fitted to the conventional and the near-optimal policy together, or to the conventional one where
    there is no other. All are None for a curve that does not follow the law.
    """
    fits = {against: scaling_law.fit_curves(curves, SHARING) for against, curves in losses.items()}
    policies = next(iter(losses.values()))
    return [
        {"policy": policy, "against": against, **asdict(of_policy[policy])}
        for policy in policies
        for against, of_policy in fits.items()
    ]


def variants(losses: Losses) -> list[dict[str, Any]]:
    """Return the fits of the two policies with L0 or t0 fixed at other values, on each reference set."""
    return [
        {"against": against, **row}
        for against, curves in losses.items()
        for row in scaling_sensitivity.sensitivity(curves, SHARING)
    ]


def steeper(fits: Sequence[Mapping[str, Any]], losses: Losses) -> list[tuple[str, str]]:
    """Return the policy and reference set of each of the fits, `rows`, whose loss falls faster again at its end."""
    return [
        (row["policy"], row["against"])
        for row in fits
        if row["first_step"] is not None
        and convexity.falls_faster_again(losses[row["against"]][row["policy"]], row["first_step"])
    ]
