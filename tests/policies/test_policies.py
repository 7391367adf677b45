"""Policies that need no search, and passing policies on."""

import numpy as np
import pytest

from lawpipe import artifacts, choice, policies, policy

SETTINGS = {"training": {"steps": 4, "learning_rate": 0.2, "precision": "float32"}}


@pytest.mark.parametrize("name", choice.names("lawpipe.policies"))
def test_every_policy_lies_on_the_simplices_and_survives_its_file(name, tmp_path):
    made = policies.make(SETTINGS | {"policy": name}, 6)
    assert made.weights.shape == (4, 6)
    assert made.weights.dtype == np.float32
    assert made.weights.min() >= 0
    np.testing.assert_allclose(made.weights.sum(axis=1), 1, rtol=1e-6)
    artifacts.write(tmp_path / "p.parquet", "policy", made.columns(), settings={}, code="")
    loaded = policy.load(tmp_path / "p.parquet")
    np.testing.assert_array_equal(loaded.weights, made.weights)
    np.testing.assert_array_equal(loaded.learning_rates, made.learning_rates)


def test_conventional_is_uniform_at_the_learning_rate():
    made = policies.make(SETTINGS | {"policy": "conventional"}, 8)
    assert (made.weights == 1 / 8).all()
    assert made.learning_rates.tolist() == [0.2] * 4
