"""Two processes under DistributedDataParallel against one process with the same examples."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from lawpipe import online
from tests.online.models import Transformer, token_losses, tokens

STEPS = 5


def loop(model: nn.Module, ranks: list[int]) -> dict[str, Any]:
    """Train on the parts of the batch and of the desired examples that belong to some ranks."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    weigh = online.Online(model, token_losses, examples=16, optimizer=optimizer, refresh=2)
    weights = []
    for step in range(STEPS):
        rows = torch.cat([(torch.arange(4) * 3 + 5 * step + 8 * rank) % 16 for rank in ranks])
        halves = tuple(torch.cat([tokens(4, 10 * half + rank + step) for rank in ranks]) for half in (1, 2))
        new, losses = weigh(tokens(16, 1)[rows], lambda halves=halves: halves, rows)
        (new @ losses).backward()
        optimizer.step()
        optimizer.zero_grad()
        weights.append(new)
    assert weigh.memory is not None
    values = [p.detach() for p in model.parameters()]
    return {"log_weights": weigh.memory.log_weights, "weights": torch.stack(weights), "parameters": values}


def one_rank(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.manual_seed(0)
    torch.save(loop(DistributedDataParallel(Transformer()), [rank]), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


def test_two_ranks_have_the_log_weights_of_one_process(tmp_path: Path) -> None:
    mp.spawn(one_rank, args=(str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    torch.manual_seed(0)
    alone = loop(Transformer(), [0, 1])
    assert torch.equal(first["log_weights"], second["log_weights"])
    assert float(alone["log_weights"].std()) > 0.1
    torch.testing.assert_close(first["log_weights"], alone["log_weights"], rtol=1e-3, atol=1e-3)
    both = torch.cat([first["weights"], second["weights"]], dim=1) / 2
    torch.testing.assert_close(both, alone["weights"], rtol=1e-3, atol=1e-4)
    for p, q, expected in zip(first["parameters"], second["parameters"], alone["parameters"], strict=True):
        assert torch.equal(p, q)
        assert float((p - expected).abs().mean()) < 1e-3


@pytest.mark.parametrize("option", ["find_unused_parameters", "static_graph"])
def test_options_of_the_wrapper_that_are_refused(option: str, tmp_path: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    try:
        model = DistributedDataParallel(Transformer(), **{option: True})
        with pytest.raises(ValueError, match="model: use DistributedDataParallel without find_unused_parameters"):
            online.Online(model, token_losses, examples=None)
    finally:
        dist.destroy_process_group()


def test_losses_that_go_past_the_wrapper_are_refused(tmp_path: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    try:
        raw = Transformer()
        model = DistributedDataParallel(raw)
        weigh = online.Online(model, lambda _, batch: token_losses(raw, batch), examples=None)
        with pytest.raises(ValueError, match="losses must call the model that it is given"):
            weigh(tokens(4), lambda: (tokens(4, 1), tokens(4, 2)))
    finally:
        dist.destroy_process_group()


def test_several_processes_without_the_wrapper_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lawpipe.online.across.world_size", lambda: 2)
    with pytest.warns(UserWarning, match="model is not in DistributedDataParallel"):
        online.Online(Transformer(), token_losses, examples=None)
