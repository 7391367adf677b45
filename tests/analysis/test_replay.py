"""When J of a replay is that of the policy."""

import math

from lawpipe.analysis.replay import AGREES, agrees


def test_a_change_up_to_the_limit_agrees_in_either_direction():
    assert agrees(0.0)
    assert agrees(AGREES)
    assert agrees(-AGREES)
    assert not agrees(1.001 * AGREES)
    assert not agrees(-1.001 * AGREES)
    assert not agrees(math.inf)
    assert not agrees(math.nan)
