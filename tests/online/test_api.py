"""The arguments, the state, the last call, the history and the check."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from lawpipe import online
from tests.online import models
from tests.online.models import Transformer, token_losses, tokens

HALVES = (tokens(8, 11), tokens(8, 12))


def start() -> Transformer:
    torch.manual_seed(0)
    return Transformer()


def make(model: nn.Module | None = None, **settings: Any) -> online.Online:
    return online.Online(model or start(), token_losses, **{"examples": 16} | settings)


WRONG: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "model": ({"model": lambda x: x}, TypeError, "model must be"),
    "losses": ({"losses": 3}, TypeError, "losses must be a function"),
    "examples": ({"examples": 0}, ValueError, "examples must be a whole number"),
    "refresh": ({"refresh": 0.5}, ValueError, "refresh must be a whole number"),
    "accumulate": ({"accumulate": 0}, ValueError, "accumulate must be a whole number"),
    "momentum": ({"momentum": 1}, ValueError, "momentum must be at least 0 and below 1"),
    "decay": ({"decay": -0.1}, ValueError, "decay must be"),
    "rate": ({"rate": 0}, ValueError, "rate must be above 0"),
    "optimizer": ({"optimizer": "adam"}, TypeError, "optimizer must be"),
    "contributions": ({"contributions": "magic"}, ValueError, "contributions must be a function or one of hooks"),
}


@pytest.mark.parametrize("name", WRONG)
def test_arguments_are_checked(name: str) -> None:
    given, kind, message = WRONG[name]
    settings = {"model": start(), "losses": token_losses, "examples": 16} | given
    with pytest.raises(kind, match=message):
        online.Online(settings.pop("model"), settings.pop("losses"), **settings)


def test_a_model_without_trained_parameters_is_refused() -> None:
    with pytest.raises(ValueError, match="model has no parameter"):
        make(start().requires_grad_(False))


@pytest.mark.parametrize("contributions", ["hooks", "double_backward", "difference", "forward_mode"])
def test_losses_are_checked(contributions: str) -> None:
    model = start()
    mean = online.Online(model, lambda m, b: token_losses(m, b).mean(), examples=16, contributions=contributions)
    with pytest.raises(ValueError, match="losses must return one loss per example"):
        mean(tokens(16), lambda: HALVES)
    plain = online.Online(model, lambda m, b: [1.0], examples=16, contributions=contributions)
    with pytest.raises(TypeError, match="losses must return a tensor"):
        plain(tokens(16), lambda: HALVES)
    constant = online.Online(model, lambda m, b: torch.ones(len(b)), examples=16, contributions=contributions)
    with pytest.raises(ValueError, match="losses must call the model that it is given"):
        constant(tokens(16), lambda: HALVES)
    if contributions in ("difference", "forward_mode"):
        own = online.Online(model, lambda m, b: token_losses(model, b), examples=16, contributions=contributions)
        with pytest.raises(ValueError, match="losses must call the model that it is given"):
            own(tokens(16), lambda: HALVES)


def test_desired_batches_are_checked() -> None:
    with pytest.raises(TypeError, match="desired must be a function"):
        make()(tokens(16), HALVES)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="desired must return two batches"):
        make()(tokens(16), lambda: tokens(8))  # type: ignore[arg-type,return-value]
    with pytest.raises(ValueError, match="same batch twice"):
        make()(tokens(16), lambda: (HALVES[0], HALVES[0]))
    with pytest.raises(ValueError, match="both have the same examples"):
        make()(tokens(16), lambda: (HALVES[0], HALVES[0].clone()))
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    single = online.Online(model, models.class_losses, examples=6)
    with pytest.raises(ValueError, match="looks like a single batch"):
        single(models.images(), models.images)


def test_row_numbers_are_checked() -> None:
    weigh = make()
    for rows, kind, message in (
        (None, ValueError, "rows must hold the numbers of the batch's 4 examples, of 16 in all"),
        (torch.arange(3), ValueError, r"of shape \[4\], not \[3\]"),
        (torch.ones(4), TypeError, "whole numbers"),
        (torch.tensor([0, 1, 2, 16]), ValueError, "rows must lie from 0 to 15"),
        (torch.tensor([0, 1, 2, -1]), ValueError, "one is -1"),
    ):
        with pytest.raises(kind, match=message):
            weigh(tokens(4), lambda: HALVES, rows)
    weigh(tokens(4), lambda: HALVES, [0, 5, 2, 3])
    assert weigh.last is not None
    assert weigh.last.rows is not None
    assert weigh.last.rows.tolist() == [0, 5, 2, 3]


def run(weigh: online.Online, optimizer: torch.optim.Optimizer, steps: range) -> list[Tensor]:
    weights = []
    for step in steps:
        rows = (torch.arange(8) * 3 + step) % 16
        halves = (tokens(8, 100 + step), tokens(8, 200 + step))
        new, losses = weigh(tokens(16, 1)[rows], lambda halves=halves: halves, rows)
        (new @ losses).backward()
        optimizer.step()
        optimizer.zero_grad()
        weights.append(new)
    return weights


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_resumed_run_has_the_same_bits(accumulate: int, tmp_path: Path) -> None:
    model = start()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    weigh = make(model, optimizer=optimizer, refresh=3, accumulate=accumulate)
    run(weigh, optimizer, range(5))
    path = tmp_path / "state.pt"
    torch.save([copy.deepcopy(x.state_dict()) for x in (model, optimizer, weigh)], path)
    expected = run(weigh, optimizer, range(5, 14))

    other = Transformer()
    second = torch.optim.AdamW(other.parameters(), lr=1e-2)
    again = make(other, optimizer=second, refresh=3, accumulate=accumulate)
    for part, state in zip((other, second, again), torch.load(path), strict=True):
        part.load_state_dict(state)
    for new, old in zip(run(again, second, range(5, 14)), expected, strict=True):
        torch.testing.assert_close(new, old, rtol=0, atol=0)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=0)


def test_a_state_of_another_run_is_refused() -> None:
    with pytest.raises(ValueError, match="state is of a run with 16 examples, but examples is 8"):
        make(examples=8).load_state_dict(make().state_dict())
    with pytest.raises(ValueError, match="state must be"):
        make().load_state_dict({})


def test_the_last_call_the_summary_and_the_history(tmp_path: Path) -> None:
    model = start()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    weigh = make(model, optimizer=optimizer, refresh=3, history=True)
    assert weigh.summary()["effective_share"] == pytest.approx(1)
    weights = run(weigh, optimizer, range(6))
    assert weigh.last is not None
    torch.testing.assert_close(weigh.last.weights, weights[-1])
    assert weigh.last.evidence == weigh.evidence
    assert weigh.last.contributions.shape == (8,)
    summary = weigh.summary()
    assert set(summary) == {"evidence", "effective_share", "lowest_tenth"}
    assert 0 < summary["effective_share"] < 1
    assert 0 <= summary["lowest_tenth"] < 0.1

    assert weigh.history is not None
    weigh.history.write(tmp_path / "history.parquet")
    weigh.history.plot(tmp_path / "history.svg")
    table = pd.read_parquet(tmp_path / "history.parquet")
    assert list(table) == ["call", "example", "weight", "contribution", "loss", "log_weight"]
    assert len(table) == 48
    np.testing.assert_array_equal(table.query("call == 5")["weight"], weights[5].numpy())
    assert weigh.memory is not None
    latest = table.groupby("example")["log_weight"].last()
    np.testing.assert_array_equal(latest, weigh.memory.log_weights.numpy())
    assert "<svg" in (tmp_path / "history.svg").read_text()


def test_a_history_without_log_weights_has_no_plot(tmp_path: Path) -> None:
    weigh = make(examples=None, history=True)
    weigh(tokens(4), lambda: HALVES)
    assert weigh.history is not None
    with pytest.raises(ValueError, match="no log-weight to draw"):
        weigh.history.plot(tmp_path / "history.svg")


def test_a_check_of_a_good_model() -> None:
    result = online.check(start(), token_losses, tokens())
    assert result.ok
    assert result.error < 1e-5
    assert result.alone is not None
    assert str(result).startswith("good: contributions by hooks agree with exact ones in float32")
    assert "alone as in its batch" in result.verdict
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = online.check(start(), token_losses, tokens())
    assert result.ok
    assert "bfloat16" in result.verdict


def test_a_check_of_a_model_that_hooks_do_not_reach() -> None:
    with pytest.warns(UserWarning, match="double_backward"):
        result = online.check(models.Functional(), token_losses, tokens())
    assert result.ok
    assert result.way == "double_backward"
    assert "hooks do not cover tokens.weight" in result.verdict


def test_a_check_of_examples_that_depend_on_each_other() -> None:
    model = models.convolutions(nn.BatchNorm2d(8))
    before = [buffer.clone() for buffer in model.buffers()]
    with pytest.warns(UserWarning, match="BatchNorm"):
        result = online.check(model, models.class_losses, models.images())
    assert not result.ok
    assert "CHANGES with its batch" in result.verdict
    assert all(torch.equal(a, b) for a, b in zip(model.buffers(), before, strict=True))


def test_a_check_of_padding() -> None:
    def padded_mean(model: Any, batch: Tensor) -> Tensor:
        logits = model(batch[:, :-1])
        parts = nn.functional.cross_entropy(logits.mT, batch[:, 1:], reduction="none", ignore_index=0)
        return parts.mean(1)  # counts the padding

    batch = tokens(6, length=5).clamp(min=1)
    longer = torch.cat([batch, torch.zeros(6, 3, dtype=torch.long)], dim=1)
    assert not online.check(start(), padded_mean, batch, padded=longer).ok

    def mean(model: Any, batch: Tensor) -> Tensor:
        counted = batch[:, 1:] != 0
        return padded_mean(model, batch) * counted.shape[1] / counted.sum(1)

    assert online.check(start(), mean, batch, padded=longer).ok
