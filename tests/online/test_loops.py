"""Training loops as people write them: each case works, or stops with a sentence that says what to do."""

import copy
import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Dataset

from lawpipe import online
from tests.online import models
from tests.online.models import Transformer, class_losses, images, token_losses, tokens

DESIRED = (tokens(8, 11), tokens(8, 12))


def train(model: nn.Module, steps: int = 6, **settings: Any) -> tuple[online.Online, list[Tensor]]:
    """Train on the same examples with AdamW; return the weights of every step."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    weigh = online.Online(model, token_losses, examples=16, optimizer=optimizer, refresh=2, **settings)
    rows, all_weights = torch.arange(16), []
    for step in range(steps):
        chosen = rows[8 * (step % 2) : 8 * (step % 2) + 8]
        weights, losses = weigh(tokens(16, 1)[chosen], lambda: DESIRED, chosen)
        (weights @ losses).backward()
        optimizer.step()
        optimizer.zero_grad()
        all_weights.append(weights)
    return weigh, all_weights


def start(**settings: Any) -> Transformer:
    torch.manual_seed(0)
    return Transformer(**settings)


def close(first: nn.Module, second: nn.Module, **tolerance: float) -> None:
    for p, q in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(p, q, **tolerance)


def test_hooks_train_as_the_double_backward_pass_does() -> None:
    first, second = start(), start()
    a, weights = train(first)
    b, others = train(second, contributions="double_backward")
    torch.testing.assert_close(torch.stack(weights), torch.stack(others), rtol=1e-3, atol=1e-4)
    # AdamW divides by the root of v, which amplifies the rounding of gradients near zero: by 2e-3 on some processors.
    close(first, second, rtol=1e-3, atol=5e-3)
    assert a.memory is not None
    assert b.memory is not None
    assert float(torch.stack(weights).std()) > 0


def test_autocast_and_grad_scaler() -> None:
    exact, low = start(), start()
    _, expected = train(exact)
    optimizer = torch.optim.AdamW(low.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    weigh = online.Online(low, token_losses, examples=16, optimizer=optimizer, refresh=2)
    for step in range(6):
        chosen = torch.arange(8) + 8 * (step % 2)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            weights, losses = weigh(tokens(16, 1)[chosen], lambda: DESIRED, chosen)
            loss = weights @ losses
        assert losses.dtype == torch.float32
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        torch.testing.assert_close(weights, expected[step], rtol=0.1, atol=0.01)
    for (name, p), q in zip(low.named_parameters(), exact.parameters(), strict=True):
        difference = (p - q).detach().abs()
        if name.endswith("attention.bias"):
            # A bias of the keys changes no output: its gradient is rounding alone, which AdamW amplifies.
            queries, _, values = difference.chunk(3)
            difference = torch.cat([queries, values])
        assert float(difference.mean()) < 2e-3


def test_float16_and_its_scaler() -> None:
    model = start()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler("cpu")
    weigh = online.Online(model, token_losses, examples=None, refresh=2)
    for _ in range(4):
        with torch.autocast("cpu", dtype=torch.float16):
            weights, losses = weigh(tokens(8), lambda: DESIRED)
        scaler.scale(weights @ losses).backward()
        scaler.step(optimizer)
        scaler.update()
    assert all(bool(p.isfinite().all()) for p in model.parameters())
    assert weights.std() > 0


def test_bfloat16_weights() -> None:
    weigh, weights = train(start().to(torch.bfloat16))
    _, expected = train(start())
    torch.testing.assert_close(weights[0], expected[0], rtol=0.2, atol=0.02)
    assert weigh.memory is not None
    assert weigh.memory.log_weights.dtype == torch.float32
    with pytest.raises(ValueError, match="contributions: a difference is noise in 16 bits"):
        train(start().to(torch.bfloat16), contributions="difference")


def test_batch_norm_sees_each_batch_once() -> None:
    torch.manual_seed(0)
    model = models.convolutions(nn.BatchNorm2d(8))
    plain = copy.deepcopy(model)
    weigh = online.Online(model, class_losses, examples=6, refresh=1)
    with pytest.warns(UserWarning, match="BatchNorm"):
        weigh(images(), lambda: (images(8, 1), images(8, 2)))
    weigh(images(), lambda: (images(8, 3), images(8, 4)))
    for _ in range(2):
        plain(images()[0])
    for buffer, other in zip(model.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(buffer, other, rtol=0, atol=0)


def test_dropout_is_that_of_a_plain_loop() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 32), nn.Dropout(0.5), nn.Linear(32, 4))
    weigh = online.Online(model, class_losses, examples=6)
    torch.manual_seed(3)
    _, losses = weigh(images(), lambda: (images(8, 1), images(8, 2)))
    torch.manual_seed(3)
    for half in (images(8, 1), images(8, 2)):
        class_losses(model, half)
    torch.testing.assert_close(losses, class_losses(model, images()), rtol=0, atol=0)


def test_micro_batches_are_weighed_together() -> None:
    """One of four micro-batches has wrong labels: it fades as in one large batch, and not to a quarter."""
    torch.manual_seed(0)
    features = torch.randn(32, 4)
    labels = (features[:, 0] > 0).long()
    labels[24:] = 1 - labels[24:]
    desired = torch.randn(400, 4)
    halves = tuple((half, (half[:, 0] > 0).long()) for half in desired.chunk(2))
    shares = {}
    for size in (32, 8):
        torch.manual_seed(1)
        model = nn.Linear(4, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        parts = 32 // size
        weigh = online.Online(model, class_losses, examples=32, refresh=1, accumulate=parts)
        for _ in range(40):
            total = []
            for rows in torch.arange(32).split(size):
                weights, losses = weigh((features[rows], labels[rows]), lambda: halves, rows)
                (weights @ losses / parts).backward()
                total.append(weights / parts)
            optimizer.step()
            optimizer.zero_grad()
        assert float(torch.cat(total).sum()) == pytest.approx(1, abs=0.05)
        shares[size] = float(torch.cat(total)[24:].sum())
    assert shares[32] < 0.02
    assert shares[8] < 0.02


class Checkpointed(Transformer):
    reentrant = False

    def run(self, block: nn.Module, x: Tensor) -> Tensor:
        out: Tensor = checkpoint(block, x, use_reentrant=self.reentrant)
        return out


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing(reentrant: bool) -> None:
    plain = start()
    torch.manual_seed(0)
    saving = Checkpointed()
    saving.reentrant = reentrant
    _, expected = train(plain)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, weights = train(saving)
    torch.testing.assert_close(torch.stack(weights), torch.stack(expected), rtol=1e-4, atol=1e-5)
    close(saving, plain, rtol=1e-4, atol=1e-5)


def test_torch_compile() -> None:
    plain, compiled = start(), start()
    _, expected = train(plain)
    with pytest.warns(UserWarning, match="without torch.compile"):
        _, weights = train(torch.compile(compiled))
    torch.testing.assert_close(torch.stack(weights), torch.stack(expected), rtol=0, atol=0)
    close(compiled, plain, rtol=0, atol=0)


def test_layers_that_are_unfrozen_in_the_middle() -> None:
    model = start()
    for parameter in model.blocks[0].parameters():
        parameter.requires_grad_(False)
    before = copy.deepcopy(model.blocks[0])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    weigh = online.Online(model, token_losses, examples=8, optimizer=optimizer, refresh=100)
    for step in range(4):
        if step == 2:
            for parameter in model.blocks[0].parameters():
                parameter.requires_grad_(True)
        weights, losses = weigh(tokens(8), lambda: DESIRED)
        (weights @ losses).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert set(weigh.direction) == {name for name, _ in model.named_parameters()}
    assert all(not torch.equal(p, q) for p, q in zip(before.parameters(), model.blocks[0].parameters(), strict=True))


@pytest.mark.parametrize("contributions", ["hooks", "double_backward"])
def test_an_example_that_is_not_finite_has_no_weight(contributions: str) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    optimizer = torch.optim.AdamW(model.parameters())
    weigh = online.Online(model, class_losses, examples=6, optimizer=optimizer, contributions=contributions)
    features, labels = images()
    for value in (math.nan, math.inf, 1.0):
        features[3] = value
        weights, losses = weigh((features, labels), lambda: (images(8, 1), images(8, 2)))
        assert losses.isfinite().all()
        (weights @ losses).backward()
        optimizer.step()
        optimizer.zero_grad()
        if not math.isfinite(value):
            assert weights[3] == 0
            assert float(weights.sum()) == pytest.approx(1 if contributions == "hooks" else 0)
    assert weights[3] > 0
    assert all(bool(p.isfinite().all()) for p in model.parameters())


class Numbered(Dataset[tuple[int, Tensor]]):
    def __len__(self) -> int:
        return 16

    def __getitem__(self, row: int) -> tuple[int, Tensor]:
        return row, tokens(16, 1)[row]


def test_workers_of_a_data_loader() -> None:
    weigh = online.Online(start(), token_losses, examples=16)
    for rows, batch in DataLoader(Numbered(), batch_size=8, shuffle=True, num_workers=1):
        weigh(batch, lambda: DESIRED, rows)
    assert weigh.memory is not None
    assert (weigh.memory.log_weights != 0).all()


def test_a_single_example_and_data_seen_once() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weigh = online.Online(start(), token_losses, examples=None)
        weights, _ = weigh(tokens(1), lambda: DESIRED)
        assert weights.tolist() == [1]
        weights, _ = weigh(tokens(5), lambda: DESIRED)
        assert weights.std() > 0


def test_wrappers_that_are_refused() -> None:
    with pytest.raises(ValueError, match="DistributedDataParallel"):
        online.Online(nn.DataParallel(start()), token_losses, examples=None)


LEARNING = 1e-3
OPTIMISERS: dict[str, Callable[[list[Tensor]], torch.optim.Optimizer]] = {
    "Adam": partial(torch.optim.Adam, lr=LEARNING, betas=(0.0, 0.9)),
    "AdamW": partial(torch.optim.AdamW, lr=LEARNING, betas=(0.0, 0.9), weight_decay=0),
    "amsgrad": partial(torch.optim.Adam, lr=LEARNING, betas=(0.0, 0.9), amsgrad=True),
    "NAdam": partial(torch.optim.NAdam, lr=LEARNING, betas=(0.0, 0.9)),
    "RAdam": partial(torch.optim.RAdam, lr=LEARNING, betas=(0.0, 0.9)),
    "Adamax": partial(torch.optim.Adamax, lr=LEARNING, betas=(0.0, 0.9)),
    "RMSprop": partial(torch.optim.RMSprop, lr=LEARNING),
    "centred": partial(torch.optim.RMSprop, lr=LEARNING, centered=True),
    "Adagrad": partial(torch.optim.Adagrad, lr=LEARNING),
    "Adafactor": partial(torch.optim.Adafactor, lr=LEARNING, d=1e9, weight_decay=0),
    "SGD": partial(torch.optim.SGD, lr=LEARNING),
    "ASGD": partial(torch.optim.ASGD, lr=LEARNING, lambd=0),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_metric_is_that_of_the_step(name: str) -> None:
    """Without momentum, a step is proportional to P g, elementwise, with one factor for all parameters."""
    torch.manual_seed(0)
    parameters = [torch.randn(3, 4, dtype=torch.float64), torch.randn(5, dtype=torch.float64)]
    optimizer = OPTIMISERS[name](parameters)
    for _ in range(8):
        before = [p.clone() for p in parameters]
        for p in parameters:
            p.grad = torch.randn_like(p)
        optimizer.step()
    gradients = [p.grad for p in parameters if p.grad is not None]
    steps = torch.cat([(b - p).flatten() for b, p in zip(before, parameters, strict=True)])
    if name == "Adafactor":  # its factor is the size of the parameters before the step
        for p, b in zip(parameters, before, strict=True):
            p.copy_(b)
    scaled = torch.cat([d.flatten() for d in online.in_metric(optimizer, parameters, gradients)])
    ratio = steps / scaled
    torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio), rtol=1e-6, atol=0)


@pytest.mark.parametrize("kind", ["Adadelta", "SparseAdam", "Rprop", "LBFGS", "Muon"])
def test_other_optimisers_have_a_metric_or_say_that_they_have_none(kind: str) -> None:
    parameters = [torch.randn(3, 4)]
    optimizer = getattr(torch.optim, kind)(parameters)
    parameters[0].grad = torch.randn(3, 4).to_sparse() if kind == "SparseAdam" else torch.randn(3, 4)
    optimizer.step(lambda: 0.0)
    direction = [torch.randn(3, 4)]
    if kind in ("Adadelta", "SparseAdam"):
        (scaled,) = online.in_metric(optimizer, parameters, direction)
        assert (scaled * direction[0] > 0).all()
    else:
        with pytest.warns(UserWarning, match=f"{kind} has no diagonal metric"):
            assert online.in_metric(optimizer, parameters, direction) == direction


def test_rows_without_a_gradient_so_far_are_bounded() -> None:
    table = nn.Embedding(10, 4)
    optimizer = torch.optim.Adam(table.parameters())
    table(torch.arange(5)).square().sum().backward()
    optimizer.step()
    (scaled,) = online.in_metric(optimizer, [table.weight], [torch.ones(10, 4)])
    assert scaled[5:].max() < 10 * scaled[:5].max()


def test_groups_with_other_rates_and_several_optimisers() -> None:
    first, second, held_by_none = (torch.ones(2) for _ in range(3))
    groups = [{"params": [first]}, {"params": [second], "lr": 0.1}]
    optimizer = torch.optim.SGD(groups, lr=0.2)
    parameters = [first, second, held_by_none]
    scaled = online.in_metric(optimizer, parameters, [torch.ones(2)] * 3)
    assert [float(d[0]) for d in scaled] == [1, 0.5, 0]
    two = [torch.optim.SGD([first], lr=0.2), torch.optim.SGD([second], lr=0.1)]
    assert [float(d[0]) for d in online.in_metric(two, parameters, [torch.ones(2)] * 3)] == [1, 0.5, 0]


@pytest.mark.parametrize("kind", ["Adam", "SGD", "Adagrad", "LBFGS"])
def test_whole_loops_with_an_optimiser(kind: str) -> None:
    model = start()
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=1e-2)
    weigh = online.Online(model, token_losses, examples=8, optimizer=optimizer, refresh=1)

    def closure() -> float:
        optimizer.zero_grad()
        weights, losses = weigh(tokens(8), lambda: DESIRED)
        loss = weights @ losses
        loss.backward()
        return float(loss)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = closure()
        for _ in range(3):
            optimizer.step(closure)
        assert closure() < first + 0.01
