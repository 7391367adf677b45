"""Training under stored policies: in groups that fit the memory, the same whatever the groups."""

import numpy as np
import pytest
import torch

from lawpipe.engine import setup, trajectory
from lawpipe.engine.policy import Policy
from lawpipe.run import artifacts
from lawpipe.run.tables.policies import POLICY
from tests.small_problems import perceptron, random_weights, start

STEPS = 6


@pytest.mark.parametrize(("room", "expected"), [(0, [1] * 5), (3, [3, 2]), (99, [5])])
def test_policies_come_in_groups_that_fit(tmp_path, monkeypatch, room, expected):
    problem = perceptron()
    theta0 = start(problem)
    policies = [random_weights(STEPS, problem.examples, seed=seed) for seed in range(5)]
    paths = [tmp_path / f"policy{index}.parquet" for index in range(5)]
    for path, weights in zip(paths, policies, strict=True):
        stored = Policy(weights.numpy(), np.full(STEPS, 0.2))
        artifacts.write(path, POLICY, stored.columns("a test"), settings={}, code="")
    monkeypatch.setattr(setup, "MEMORY", room * STEPS * problem.examples * 8)
    groups = list(setup.train_policies(problem, theta0, paths))
    assert [len(group) for group in groups] == expected
    trained = [pair for group in groups for pair in group]
    assert [name for name, _ in trained] == [path.stem for path in paths]
    for (_, run), weights in zip(trained, policies, strict=True):
        assert torch.equal(run.weights, weights)
        alone = trajectory.train(problem, theta0, weights, [0.2] * STEPS)
        torch.testing.assert_close(run.stored, alone.stored, rtol=1e-12, atol=1e-15)
