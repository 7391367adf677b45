import numpy as np

from lawpipe.analysis.smoothness import kept_promises


def test_the_change_over_the_promised_one_by_hand():
    # A step that keeps half its promise, one that goes up instead, a rejected one, and one of a flat gradient.
    objectives = [4.0, 3.0, 3.5, 3.5, 3.5]
    predicted = [None, -2.0, -1.0, None, 0.0]
    np.testing.assert_allclose(kept_promises(objectives, predicted), [0.5, -0.5])
    assert kept_promises([1.0], [None]).size == 0
