"""Captured work; without CUDA it is called on the same places."""

import pytest
import torch

from lawpipe.compute.cuda_graphs import Replay
from tests.small_problems import initial, language_model, random_weights


def test_results_are_those_of_the_function_at_the_new_inputs():
    replay = Replay(lambda x, y: (x * y, x + y), (torch.zeros(3), torch.zeros(3)))
    x, y = torch.arange(3.0), torch.full((3,), 2.0)
    product, total = replay(x, y)
    assert torch.equal(product, x * y)
    assert torch.equal(total, x + y)
    assert float(replay(x + 1, y)[0][0]) == 2.0
    with pytest.raises(ValueError, match="zip"):
        replay(x)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA: nothing is captured")
def test_a_captured_graph_gives_the_same_numbers():
    x = torch.randn(1000, device="cuda")
    replay = Replay(lambda x: (x.sin().cumsum(0),), (x,))
    y = torch.randn(1000, device="cuda")
    torch.testing.assert_close(replay(y)[0], y.sin().cumsum(0))


def test_micro_batches_of_full_size_are_replayed():
    plain, captured = language_model(micro_batch=24), language_model(micro_batch=24, graphs=True)
    theta, direction = initial(plain), initial(plain, 1)
    for seed in (1, 2):
        weights = random_weights(1, 13, seed=seed)[0]
        for name, arguments in {
            "adjoint_product": (theta, weights, direction),
            "weighted_gradient": (theta, weights),
            "reference_gradients": ("desired", theta.unsqueeze(0)),
        }.items():
            replayed, expected = (getattr(problem, name)(*arguments) for problem in (captured, plain))
            torch.testing.assert_close(replayed, expected, rtol=0, atol=0)
        theta = theta + 0.1 * direction
    assert {*captured._graphs} == {"first", "second"}


def test_a_share_captures_its_own_examples():
    whole = language_model(micro_batch=24, graphs=True)
    theta, direction = initial(whole), initial(whole, 1)
    weights = torch.full((13,), 1 / 13, dtype=torch.float64)
    contributions, _ = whole.adjoint_product(theta, weights, direction)
    parts = [whole.shard(rank, 2) for rank in range(2)]
    sizes = [part.examples for part in parts]
    shares = [
        part.adjoint_product(theta, own, direction)[0] for part, own in zip(parts, weights.split(sizes), strict=True)
    ]
    torch.testing.assert_close(torch.cat(shares), contributions, rtol=1e-12, atol=1e-14)
