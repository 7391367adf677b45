import math

import numpy as np
import pytest

from lawpipe.analysis.policy_tables import zero_weight_rows
from lawpipe.analysis.zero_weights import (
    Share,
    active_fraction,
    convergence_step,
    effective_examples,
    learned_ignored,
    of_contributions,
)

WEIGHTS = np.array([[0.5, 0.5, 0.0, 0.0], [0.9, 0.0, 0.1, 0.0]])
CONTRIBUTIONS = np.array([[1.0, -1.0, 0.0, 2.0], [1.0, 3.0, -2.0, -1.0]])


def test_excluded_and_dropped_share_the_pairs_between_them():
    # Contributions of 0 or less: (0, 1) weight 0.5, (0, 2) weight 0, (1, 2) weight 0.1, (1, 3) weight 0.
    assert of_contributions(WEIGHTS, CONTRIBUTIONS)["noncontributive_excluded"] == Share(2 / 4, 4)
    # Above 0: (0, 0) 0.5, (0, 3) 0, (1, 0) 0.9, (1, 1) 0.
    assert of_contributions(WEIGHTS, CONTRIBUTIONS)["redundant_dropped"] == Share(2 / 4, 4)


def test_a_tiny_weight_is_not_zero():
    assert of_contributions([[1.0, 1e-38]], [[1.0, -1.0]])["noncontributive_excluded"] == Share(0.0, 1)


def test_learned_examples_are_compared_with_the_largest_weight_of_their_step():
    weights = np.array([[0.6, 0.3, 0.1], [0.10, 0.45, 0.45]])
    losses = np.array([[1e-7, 1e-7, 1e-7], [1e-9, 1e-6, 0.5]])
    # Step 0: 0.6 and 0.3 are kept, 0.1 is below 0.12. Step 1: 0.1 is not below 0.09; a loss of 1e-6 is not learned.
    assert learned_ignored(weights, losses) == Share(1 / 4, 4)


def test_a_share_of_no_cases_is_null():
    assert of_contributions([[1.0]], [[1.0]])["noncontributive_excluded"] == Share(None, 0)
    assert of_contributions(WEIGHTS[:0], CONTRIBUTIONS[:0])["redundant_dropped"] == Share(None, 0)
    assert learned_ignored(WEIGHTS, np.ones_like(WEIGHTS)) == Share(None, 0)
    assert learned_ignored(WEIGHTS[:0], WEIGHTS[:0]) == Share(None, 0)


def test_convergence_is_at_95_percent_of_the_fall():
    assert convergence_step([1.0, 0.5, 0.06, 0.05, 0.0]) == 3
    assert convergence_step([1.0, 0.0]) == 1


def test_the_fall_of_a_curve_that_turns_up_ends_at_its_minimum():
    assert convergence_step([1.0, 0.6, 0.21, 0.2, 0.7, 0.9]) == 3 - 1


@pytest.mark.parametrize("losses", [[1.0, 1.0, 1.0], [1.0, 2.0], [], [math.nan, 1.0], [1.0]])
def test_a_curve_that_does_not_fall_does_not_converge(losses):
    assert convergence_step(losses) is None


def test_a_run_that_breaks_off_converges_where_it_fell():
    assert convergence_step([1.0, 0.5, 0.1, math.nan, math.inf]) == 2


def test_steps_before_convergence():
    losses = [1.0, 0.5, 0.3, 0.04, 0.0]
    zero, learned = np.zeros((4, 2)), np.full((4, 2), 1e-9)
    steps, curves = np.array([0, 2, 3, 4], dtype=np.int32), {"desired": np.array(losses), "test": np.ones(5)}
    contributions = {(against, "instantaneous"): np.ones((4, 2)) for against in curves}
    rows = zero_weight_rows(zero, contributions, learned, steps, curves)
    # Steps 0 and 2 on desired; none on test, whose loss does not fall.
    assert dict(zip(zip(rows["property"], rows["against"], strict=True), rows["count"], strict=True)) == {
        ("noncontributive_excluded", "desired"): 0,
        ("redundant_dropped", "desired"): 4,
        ("noncontributive_excluded", "test"): 0,
        ("redundant_dropped", "test"): 0,
        ("learned_ignored", None): 4,
    }


def test_effective_number_of_examples():
    weights = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.25, 0.5, 0.25, 0.0]])
    np.testing.assert_allclose(effective_examples(weights), [2.0, 1.0, 1 / 0.375])
    uniform = np.full((1, 4096), 1 / 4096, dtype=np.float32)
    assert effective_examples(uniform)[0] == pytest.approx(4096)
    np.testing.assert_allclose(active_fraction(weights), [0.5, 0.25, 0.75])
