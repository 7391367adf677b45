"""What a gap certifies: a share of J, no more than that it is above J, or nothing."""

import math
from typing import Any

import pytest

from lawpipe.results import certificate
from lawpipe.results.certificate import ABOVE, SHARE, UNSTABLE

TAME = {
    "objective_desired": 0.5,
    "gap": 0.01,
    "sharpness_max": 0.3,
    "adjoint_growth_max": 1.0,
    "replay_float64": 1e-7,
    "replay_moved": -1e-7,
}


def judged(**values: Any) -> certificate.Certificate:
    return certificate.certificate(TAME | values)


@pytest.mark.parametrize(
    ("values", "kind", "reason"),
    [
        ({}, SHARE, ""),
        ({"replay_float64": None, "replay_moved": None}, SHARE, ""),
        ({"replay_float64": math.nan}, SHARE, ""),
        ({"replay_moved": 0.0099}, SHARE, ""),
        ({"adjoint_growth_max": 1e5}, SHARE, ""),
        ({"gap": 9.5}, ABOVE, "19.0 times all of J"),
        ({"gap": 9.5, "adjoint_growth_max": 11.0, "sharpness_max": 2.5}, UNSTABLE, "sharpness up to 2.50"),
        ({"gap": 9.5, "adjoint_growth_max": 11.0}, UNSTABLE, "the adjoint grows 11.0 times"),
        ({"replay_moved": -0.0101}, UNSTABLE, "with weights moved by 1e-6 changes J by 1.0"),
        ({"replay_float64": 0.5}, UNSTABLE, "in float64 changes J by 50.0"),
        ({"replay_float64": math.inf}, UNSTABLE, "in float64 diverges"),
        ({"gap": None}, UNSTABLE, "the gap is not finite"),
        ({"objective_desired": math.nan}, UNSTABLE, "training diverges"),
    ],
)
def test_kind_and_reason(values: dict[str, Any], kind: str, reason: str) -> None:
    outcome = judged(**values)
    assert (outcome.kind, outcome.meaningful) == (kind, kind != UNSTABLE)
    assert reason in outcome.reason
    assert bool(outcome.reason) == (kind != SHARE)


def test_several_seeds_in_words() -> None:
    share, above, unstable = judged(gap=0.02), judged(gap=9.5), judged(replay_moved=0.2)
    assert certificate.written([share, judged(gap=0.01)]).startswith("3.0")
    assert certificate.written([above, above]) == "above J"
    assert certificate.written([share, above]) == "above J (1 of 2 seeds)"
    assert certificate.written([share, above, unstable]) == "unstable (1 of 3 seeds)"
    assert certificate.written([]) == "-"
    assert certificate.caveat([share]) == certificate.caveat([]) == ""
    assert certificate.caveat([share, above, above]).startswith("above J in 2 of 3 seeds: the linear model")
    assert certificate.caveat([above, unstable]).startswith("unstable in 1 of 2 seeds: training again")
