"""Small models of every kind that a user may bring, each with a batch and losses of single examples."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

Losses = Callable[[Any, Any], Tensor]


class Case(NamedTuple):
    model: nn.Module
    losses: Losses
    batch: Any


class Block(nn.Module):
    """Attention by the fused kernel, and a feed-forward layer."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(hidden), nn.RMSNorm(hidden)])
        self.attention = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden, bias=False)
        self.wide = nn.Sequential(nn.Linear(hidden, 4 * hidden), nn.GELU(), nn.Linear(4 * hidden, hidden))

    def forward(self, x: Tensor) -> Tensor:
        parts = self.attention(self.norms[0](x)).unflatten(2, (3, 2, -1)).permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(*parts, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return x + self.wide(self.norms[1](x))


class Transformer(nn.Module):
    """A language model with positions for all examples, and perhaps a tied head."""

    def __init__(self, vocabulary: int = 23, hidden: int = 16, length: int = 8, tied: bool = False) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, hidden, padding_idx=0)
        self.positions = nn.Embedding(length, hidden)
        self.blocks = nn.ModuleList([Block(hidden) for _ in range(2)])
        self.norm = nn.LayerNorm(hidden)
        self.head = nn.Linear(hidden, vocabulary, bias=False)
        if tied:
            self.head.weight = self.tokens.weight

    def run(self, block: nn.Module, x: Tensor) -> Tensor:
        out: Tensor = block(x)
        return out

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = self.run(block, x)
        logits: Tensor = self.head(self.norm(x))
        return logits


class Functional(nn.Module):
    """A tied head by a function, which no hook sees."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(23, 16)
        self.inner = nn.Linear(16, 16)

    def forward(self, tokens: Tensor) -> Tensor:
        return nn.functional.linear(self.inner(self.tokens(tokens)).tanh(), self.tokens.weight)


class TimeFirst(nn.Module):
    """A model whose layers see time before examples."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(23, 16)
        self.out = nn.Linear(16, 23)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.out(self.tokens(tokens.mT).tanh())
        return out.transpose(0, 1)


class Flat(nn.Module):
    """A model whose layers see all tokens of all examples in one row each."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(23, 16)
        self.out = nn.Sequential(nn.Linear(16, 16), nn.LayerNorm(16), nn.PReLU(), nn.Linear(16, 23))

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.out(self.tokens(tokens.flatten()))
        return out.unflatten(0, tokens.shape)


class Recurrent(nn.Module):
    """An LSTM, which is a leaf but not affine and returns a tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(23, 16)
        self.cells = nn.LSTM(16, 16, batch_first=True)
        self.out = nn.Linear(16, 23)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.out(self.cells(self.tokens(tokens))[0])
        return out


class Scale(nn.Module):
    """A leaf that is not affine in its parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.size = nn.Parameter(torch.full((16,), 0.3))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.size.exp()


def token_losses(model: Any, batch: Tensor) -> Tensor:
    logits = model(batch[:, :-1])
    return cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten(), reduction="none").view(len(batch), -1).mean(1)


def class_losses(model: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
    return cross_entropy(model(batch[0]), batch[1], reduction="none")


def tokens(count: int = 6, seed: int = 0, length: int = 8) -> Tensor:
    return torch.randint(0, 23, (count, length + 1), generator=torch.Generator().manual_seed(seed))


def images(count: int = 6, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, 8, 8, generator=generator), torch.randint(0, 4, (count,), generator=generator)


def convolutions(norm: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(inplace=True), norm, nn.Conv2d(8, 8, 2, groups=2), nn.Flatten(),
        nn.Unflatten(1, (8, 4)), nn.ConvTranspose1d(8, 4, 2), nn.Tanh(), nn.Conv1d(4, 4, 3), nn.Flatten(),
        nn.Linear(12, 4),
    )  # fmt: skip


def frozen(model: Transformer) -> Transformer:
    for parameter in (*model.blocks[0].parameters(), model.norm.weight, model.blocks[1].attention.weight):
        parameter.requires_grad_(False)
    return model


def evaluating(model: nn.Module) -> nn.Module:
    with torch.no_grad():
        model(images(8)[0])
    return model.eval()


#: Models whose contributions hooks compute.
HOOKED: dict[str, Callable[[], Case]] = {
    "transformer": lambda: Case(Transformer(), token_losses, tokens()),
    "tied": lambda: Case(Transformer(tied=True), token_losses, tokens()),
    "frozen": lambda: Case(frozen(Transformer()), token_losses, tokens()),
    "as many tokens as examples": lambda: Case(Transformer(), token_losses, tokens(8)),
    "flat": lambda: Case(Flat(), token_losses, tokens()),
    "convolutions": lambda: Case(convolutions(nn.GroupNorm(2, 8)), class_losses, images()),
    "BatchNorm, evaluating": lambda: Case(evaluating(convolutions(nn.BatchNorm2d(8))), class_losses, images()),
    "not affine": lambda: Case(
        nn.Sequential(nn.Flatten(), nn.Linear(192, 16), Scale(), nn.Linear(16, 4)), class_losses, images()
    ),
}

#: Models for which hooks fall back to a double backward pass, and a parameter that the message names.
FALLEN: dict[str, tuple[Callable[[], Case], str]] = {
    "functional": (lambda: Case(Functional(), token_losses, tokens()), "tokens.weight"),
    "time first": (lambda: Case(TimeFirst(), token_losses, tokens()), "tokens.weight"),
    "time first, square": (lambda: Case(TimeFirst(), token_losses, tokens(8)), "tokens.weight"),
    "LSTM": (lambda: Case(Recurrent(), token_losses, tokens()), "cells.weight_ih_l0"),
    "BatchNorm": (lambda: Case(convolutions(nn.BatchNorm2d(8)), class_losses, images()), "0.weight"),
    "attention module": (
        lambda: Case(
            nn.Sequential(nn.Embedding(23, 16), nn.TransformerEncoderLayer(16, 2, 16, 0.0, batch_first=True),
                          nn.Linear(16, 23)), token_losses, tokens()
        ),
        "1.self_attn.in_proj_weight",
    ),
}  # fmt: skip


def exact(case: Case, direction: dict[str, Tensor]) -> Tensor:
    """Return <grad l_n, direction> in float64, one example after the other."""
    model = case.model.double()
    batch = tuple(map(doubled, case.batch)) if isinstance(case.batch, tuple) else doubled(case.batch)
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    products = []
    for loss in case.losses(model, batch):
        slopes = torch.autograd.grad(loss, list(parameters.values()), retain_graph=True, materialize_grads=True)
        pairs = zip(slopes, parameters, strict=True)
        products.append(sum(float((slope * direction[name].double()).sum()) for slope, name in pairs))
    return torch.tensor(products, dtype=torch.float64)


def doubled(tensor: Tensor) -> Tensor:
    return tensor.double() if tensor.is_floating_point() else tensor
