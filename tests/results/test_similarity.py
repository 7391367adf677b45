"""The median similarity over the measured steps of a run."""

import math

from lawpipe.results import similarity


def step(value, active=2, std=1.0, mean=1.0):
    return {"similarity": value, "active": active, "std": std, "mean": mean}


def test_it_is_over_the_steps_with_two_or_more_active_examples():
    assert similarity.median([step(1.0), step(3.0), step(2.0), step(100.0, active=1)]) == 2.0


def test_equal_contributions_are_infinitely_similar():
    assert similarity.median([step(1.0), step(None, std=0.0), step(None, std=0.0)]) == math.inf


def test_steps_without_a_similarity_are_left_out():
    below = step(None, std=0.0, mean=-1.0)
    assert similarity.median([step(1.0), below, step(math.nan), step(3.0)]) == 2.0
    assert math.isnan(similarity.median([below, step(1.0, active=1, std=None)]))
    assert math.isnan(similarity.median([]))
