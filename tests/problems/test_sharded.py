"""A problem shared by processes gives the products of the whole, the same to the bit in each."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lawpipe.problems.base import Problem, shard
from lawpipe.problems.sharded import Sharded, shared
from lawpipe.run.errors import InputError
from tests.small_problems import language_model, perceptron

ROOT = Path(__file__).resolve().parents[2]

#: What every process does; it exits with 1 if anything is not as in one process.
WORK = """
import sys
import torch
from functools import partial
from lawpipe.run import distributed, stage
from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.checkpoints import Budget
from lawpipe.problems.sharded import shared
from tests.small_problems import initial, language_model, perceptron, random_weights, start

def products(problem, theta, steps, rate, budget):
    weights = random_weights(steps, problem.examples)
    direction = theta.flip(0)
    run = trajectory.train(problem, theta, weights, [rate] * steps, budget)
    thetas = torch.cat([*(thetas for _, thetas in run.segments()), run.last.unsqueeze(0)])
    many = trajectory.train_many(problem, [theta] * 3, [weights.roll(n, 0) for n in range(3)], [[rate] * steps] * 3)
    sampled = adjoint.sample([(run, "desired") for run in many], [0, steps - 1])
    yield from [problem.losses(theta), problem.gradient_norms(theta), problem.contributions(theta, direction)]
    yield from [problem.weighted_gradient(theta, weights[0]), *problem.adjoint_product(theta, weights[0], direction)]
    yield from [torch.from_numpy(problem.reference_losses(name, thetas)) for name in problem.references]
    yield from [problem.reference_gradients(name, thetas) for name in problem.references]
    yield from [problem.half_gradients(name, theta) for name in problem.references]
    yield from [thetas, adjoint.gradient(run), *(rows for rows, *_ in sampled)]
    yield torch.tensor([run.objective(), *(gap for _, gap, *_ in sampled)])

def check(problem, theta, budget):
    alone = products(problem, theta, 9, 0.3, budget)
    together = products(shared(problem), theta, 9, 0.3, budget)
    for one, several in zip(alone, together, strict=True):
        torch.testing.assert_close(several, one, rtol=1e-11, atol=1e-14)
        # Every process has the same bits: what it has, less what the first has, is nothing.
        first = several if distributed.is_main() else torch.zeros_like(several)
        torch.distributed.all_reduce(first)
        assert torch.equal(first, several)

def main():
    with distributed.process_group():
        check(perceptron(), start(perceptron()), None)
        # The set of one desired example is whole in each process.
        check(perceptron(desired_examples=1), start(perceptron()), Budget(0))
        check(language_model(), initial(language_model()), Budget(0))

stage.run(main)
"""


def test_all_products_equal_those_of_one_process(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(WORK)
    run = subprocess.run(
        [sys.executable, "-m", "lawpipe.run.launch", "2", str(script)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_with_one_process_the_problem_is_not_wrapped() -> None:
    problem = perceptron()
    assert shared(problem) is problem


@pytest.mark.parametrize("problem", [perceptron(), language_model()], ids=["perceptron", "language_model"])
def test_shares_are_disjoint_and_complete(problem: Problem) -> None:
    theta = torch.linspace(-0.1, 0.1, problem.parameters, dtype=problem.dtype)
    shards = [problem.shard(rank, 3) for rank in range(3)]
    torch.testing.assert_close(torch.cat([shard.losses(theta) for shard in shards]), problem.losses(theta))
    assert sum(shard.references["desired"] for shard in shards) == problem.references["desired"]


def test_parts_differ_by_one_at_most_and_a_small_set_is_whole_in_each() -> None:
    parts = [shard(11, rank, 4) for rank in range(4)]
    assert [rows.stop - rows.start for rows in parts] == [2, 3, 3, 3]
    assert [n for rows in parts for n in range(11)[rows]] == list(range(11))
    assert [shard(2, rank, 3) for rank in range(3)] == [slice(0, 2)] * 3


def test_more_processes_than_examples_are_refused() -> None:
    with pytest.raises(InputError, match="processes is 14, expected at most one a training example: 13 here"):
        Sharded(language_model(), 0, 14)
