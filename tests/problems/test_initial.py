"""Initial parameters."""

import numpy as np

from lawpipe.problems import initial
from lawpipe.problems.perceptron import gaussian
from lawpipe.run import artifacts, random
from lawpipe.run.tables.examples import GAUSSIAN_EXAMPLES
from tests.small_problems import DATA


def test_the_perceptrons_are_pytorchs_default_and_belong_to_the_seed(tmp_path):
    path = tmp_path / "train.parquet"
    train = gaussian.draw(DATA | {"dimension": 400}, 0, ("train",))["train"]
    artifacts.write(path, GAUSSIAN_EXAMPLES, train.columns(), settings={}, code="")
    draws = {seed: initial.draw({"seed": seed, "problem": "perceptron"}, path) for seed in (0, 1)}
    ((name, shape, values),) = draws[0]
    assert (name, shape, values.dtype) == ("weight", (1, 400), np.float32)
    assert 0.9 * 400**-0.5 < np.abs(values).max() <= 400**-0.5
    assert not np.array_equal(values, draws[1][0][2])
    np.testing.assert_array_equal(values, initial.draw({"seed": 0, "problem": "perceptron"}, path)[0][2])


def test_another_draw_is_another_start_of_the_same_seed():
    own, again, other, third = (
        initial.generator({"seed": 5} | settings).random(8)
        for settings in ({}, {"initialisation": None}, {"initialisation": 0}, {"initialisation": 1})
    )
    # Without the setting it is the stream that it has always been.
    np.testing.assert_array_equal(own, random.generator(5, "initialisation").random(8))
    np.testing.assert_array_equal(own, again)
    assert len({tuple(values) for values in (own, other, third)}) == 3
