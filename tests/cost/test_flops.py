"""Counted operations against those that PyTorch counts in the engine."""

from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lawpipe.cost import flops
from lawpipe.cost.flops import Size
from lawpipe.problems.language_model.models import cross_entropy
from tests.small_problems import initial, language_model

ROOT = Path(__file__).resolve().parents[2]


def added_in_place(total, left, right, **_):
    return 2 * left[0] * left[1] * right[1]


def counted(action):
    # PyTorch's counter omits products that are added in place.
    with FlopCounterMode(display=False, custom_mapping={torch.ops.aten.addmm_: added_in_place}) as counter:
        action()
    return counter.get_total_flops()


@pytest.fixture
def problem(monkeypatch):
    # As on a GPU, where there are too many probabilities to keep.
    monkeypatch.setattr(cross_entropy, "KEEP", 0)
    return language_model()


def test_every_pass_takes_the_products_that_are_counted(problem):
    model = problem.model
    size = Size(1, problem.examples, 0, 0, model.vocabulary, model.length, model.hidden_size, model.layers)
    assert size.parameters == problem.parameters
    theta, direction = initial(problem), initial(problem, 1)
    weights = torch.full((problem.examples,), 1 / problem.examples, dtype=problem.dtype)
    actions = {
        "forward": lambda: problem.losses(theta),
        "gradient": lambda: problem.weighted_gradient(theta, weights),
        "contributions": lambda: problem.contributions(theta, direction),
        "second": lambda: problem.adjoint_product(theta, weights, direction),
    }
    operations = {name: counted(action) for name, action in actions.items()}
    expected = {name: problem.examples * size.operations(flops.PASSES[name]) for name in actions}
    assert operations == expected


def test_the_page_holds_what_is_counted(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.setattr(cross_entropy, "KEEP", 0)
    monkeypatch.setitem(cross_entropy.CHUNK, "cpu", cross_entropy.CHUNK["cpu"])
    import counts as benchmark

    for table in (benchmark.times(), benchmark.bytes_and_times()):
        assert table in benchmark.PAGE.read_text(), "run python benchmarks/counts.py --write"


def test_no_pass_takes_less_than_the_least():
    for name, work in flops.PASSES.items():
        least = flops.LEAST[name]
        assert (work.linear, work.attention, work.head) >= (least.linear, least.attention, least.head)


def test_an_iteration_is_its_steps():
    size = Size(10, 100, 10, 10, 50, 8, 16, 2)
    one = Size(1, 100, 10, 10, 50, 8, 16, 2)
    assert size.iteration() == 10 * one.iteration()
    assert size.iteration(flops.LEAST) < size.iteration()
