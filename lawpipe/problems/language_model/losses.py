"""Language modelling on windows of tokens (arXiv 2402.17759, section 4.1), for any model of lawpipe.models.

A window of L + 1 tokens gives L to read and, shifted by one, L to predict. The loss of an example is the mean over
the targets that are not pads, in nats; that of a reference set the mean over its examples.

One pass differentiated twice gives the Hessian-vector product and all contributions: with the weighted loss
F(theta, gamma) = sum_n gamma[n] l_n(theta) and s = <grad_theta F, direction>, the derivative of s with respect to
theta is the one and with respect to gamma the others. It goes in micro-batches: working memory does not grow with N.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import wraps
from math import prod
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lawpipe.compute import devices, matmul
from lawpipe.compute.cuda_graphs import Replay
from lawpipe.compute.limits import MICRO_LOGITS, MICRO_TOKENS
from lawpipe.data.specials import PAD
from lawpipe.problems.base import Problem, shard
from lawpipe.problems.language_model import micro_batch as filling
from lawpipe.problems.language_model.models import cross_entropy as ending
from lawpipe.problems.language_model.models.base import HEAD, Model, build_model
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError

#: Set to 1, micro-batches of full size are captured as CUDA graphs.
GRAPHS = "LAWPIPE_GRAPHS"

#: Bytes for the gradients of single examples, where their norms are measured.
SINGLE_GRADIENTS = 2**25


@dataclass(frozen=True)
class Windows:
    """Token windows [N, L+1] with what each target counts for in its example's loss, [N, L]."""

    tokens: Tensor
    shares: Tensor

    def take(self, rows: Tensor | slice) -> "Windows":
        """Return some of the windows."""
        return Windows(self.tokens[rows], self.shares[rows])

    @property
    def inputs(self) -> Tensor:
        """The tokens that are read, [N, L]."""
        return self.tokens[:, :-1]

    @property
    def targets(self) -> Tensor:
        """The tokens that are predicted, flat, [N L]."""
        return self.tokens[:, 1:].reshape(-1)


P = ParamSpec("P")
R = TypeVar("R")


def _rounding(
    method: Callable[Concatenate["LanguageModel", P], R],
) -> Callable[Concatenate["LanguageModel", P], R]:
    """Let a method compute with the products of its problem."""

    @wraps(method)
    def wrapped(self: "LanguageModel", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with matmul.rounding(self.precision, self.device):
            return method(self, *args, **kwargs)

    return wrapped


class LanguageModel(Problem):
    """Training a language model on token windows; theta holds its parameters in the order of `model.shapes`."""

    def __init__(
        self,
        model: Model,
        train: npt.NDArray[np.integer[Any]],
        references: Mapping[str, npt.NDArray[np.integer[Any]]],
        dtype: torch.dtype,
        device: torch.device,
        micro_batch: int | None = None,
        precision: str = "float32",
        graphs: bool = False,
    ) -> None:
        """Hold windows [N, L+1] of tokens; `micro_batch` is a number of tokens, by default the device's own.

        `precision` is that of the matrix products, where it is less than the type's; `graphs` captures micro-batches.
        """
        self.model = model
        self.dtype = dtype
        self.device = device
        self._train = self._windows(train)
        self._references = {name: self._windows(windows) for name, windows in references.items()}
        self._count()
        self._sizes = [prod(shape) for shape in model.shapes.values()]
        self.parameters = sum(self._sizes)
        self.precision = precision
        self._micro_batch = micro_batch
        self._replayed: dict[str, Replay] | None = {} if graphs else None
        self._fill()

    def _fill(self) -> None:
        """Choose the examples of a micro-batch; on CUDA, unless they are given, as many as fill the card."""
        tokens = self._micro_batch or min(MICRO_TOKENS, MICRO_LOGITS // self.model.shapes[HEAD][0])
        self._rows = max(1, tokens // self._train.shares.shape[1])
        if self.device.type == "cuda" and self._micro_batch is None:
            self._rows = filling.rows_that_fit(self.examples, filling.room(self.device), self._memory)

    def _count(self) -> None:
        """Say how many examples there are."""
        self.references = {name: len(windows.tokens) for name, windows in self._references.items()}
        self.examples = len(self._train.tokens)

    def _windows(self, tokens: npt.NDArray[np.integer[Any]]) -> Windows:
        """Lay out a split; a window without a target has loss 0."""
        placed = torch.from_numpy(tokens.astype(np.int64)).to(self.device)
        counted = (placed[:, 1:] != PAD).to(self.dtype)
        return Windows(placed, counted / counted.sum(dim=1, keepdim=True).clamp_(min=1))

    @classmethod
    def load(cls, settings: Mapping[str, Any], splits: Mapping[str, Path]) -> Self:
        """Build the problem from the tables of its splits."""
        loaded = {name: _read(path, settings) for name, path in splits.items()}
        train = loaded.pop("train")
        precision = settings["training"]["precision"]
        return cls(
            build_model(settings),
            train,
            loaded,
            devices.dtype(precision),
            devices.device(settings["device"]),
            precision=precision,
            graphs=os.environ.get(GRAPHS) == "1",
        )

    def shard(self, rank: int, world_size: int) -> Self:
        """Return the problem on the shard of every set of examples that process `rank` holds."""

        def part(windows: Windows) -> Windows:
            return windows.take(shard(len(windows.tokens), rank, world_size))

        result = copy(self)
        result._train = part(self._train)
        result._references = {name: part(windows) for name, windows in self._references.items()}
        result._count()
        # A captured graph belongs to the examples that it was captured with.
        result._replayed = None if self._replayed is None else {}
        result._fill()
        return result

    @_rounding
    def losses(self, theta: Tensor) -> Tensor:
        """Return the loss of every training example, [N]."""
        return self._losses(theta, self._train)

    @_rounding
    def gradient_norms(self, theta: Tensor) -> Tensor:
        """Return the norm of every training example's gradient, [N], from the single gradients, a few at a time."""

        def loss(parameters: dict[str, Tensor], tokens: Tensor, shares: Tensor) -> Tensor:
            hidden = self.model.hidden(parameters, tokens[:-1].unsqueeze(0)).squeeze(0)
            return cross_entropy(hidden @ parameters[HEAD].T, tokens[1:], reduction="none").dot(shares)

        gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
        parameters = self._named(theta)
        rows = max(1, min(self._rows, SINGLE_GRADIENTS // (theta.numel() * theta.element_size())))
        norms = []
        for part in _parts(self.examples, rows):
            batch = self._train.take(part)
            single = gradients(parameters, batch.tokens, batch.shares).values()
            norms.append(torch.stack([gradient.flatten(1).square().sum(dim=1) for gradient in single]).sum(dim=0))
        return torch.cat(norms).sqrt_()

    @_rounding
    def contributions(self, theta: Tensor, direction: Tensor) -> Tensor:
        """Return every <grad l_n(theta), direction>, [N]."""
        result = torch.empty(self.examples, dtype=self.dtype, device=self.device)
        for part in _parts(self.examples, self._rows):
            batch = self._train.take(part)
            result[part] = self._second(theta, batch, torch.zeros_like(batch.shares[:, 0]), direction, None)
        return result

    @_rounding
    def weighted_gradient(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] grad l_n(theta), [P]; examples of weight 0 cost nothing."""
        return self._gradient(theta, self._train, weights)

    @_rounding
    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return the contributions along a direction, [N], and the weighted Hessian's product with it, [P].

        Examples of weight 0 have no part in the product and take half the time.
        """
        contributions = torch.empty_like(weights)
        product = torch.zeros_like(theta)
        for rows in self._micro_batches(weights != 0):
            contributions[rows], part = self._fixed("second", self._weighted, theta, direction, rows, weights[rows])
            product += part
        for rows in self._micro_batches(weights == 0):
            contributions[rows] = self._second(theta, self._train.take(rows), weights[rows], direction, None)
        return contributions, product

    @_rounding
    def reference_losses(self, against: str, thetas: Tensor) -> npt.NDArray[np.float64]:
        """Return the mean loss on a reference set, [S], averaged in float64."""
        windows = self._references[against]
        means = [self._losses(theta, windows).mean(dtype=torch.float64) for theta in thetas]
        return torch.stack(means).cpu().numpy() if means else np.empty(0)

    @_rounding
    def reference_gradients(self, against: str, thetas: Tensor) -> Tensor:
        """Return the gradient of the mean loss on a reference set, [S, P]."""
        return torch.stack([self._mean_gradient(theta, self._references[against]) for theta in thetas])

    def half_gradients(self, against: str, theta: Tensor) -> Tensor:
        """Return the gradients of the mean losses on the even and on the odd examples of a reference set, [2, P]."""
        windows = self._references[against]
        odd = min(1, len(windows.shares) - 1)
        return torch.stack([self._mean_gradient(theta, windows.take(slice(start, None, 2))) for start in (0, odd)])

    def _mean_gradient(self, theta: Tensor, windows: Windows) -> Tensor:
        """Return the gradient of the mean loss of some windows, [P]."""
        weights = torch.full_like(windows.shares[:, 0], 1 / len(windows.shares))
        return self._gradient(theta, windows, weights)

    def _memory(self, rows: int) -> int:
        """Return the bytes that a step of the reverse sweep takes for some examples, on CUDA."""
        theta = torch.zeros(self.parameters, dtype=self.dtype, device=self.device)
        some = torch.arange(rows, device=self.device)
        weights = torch.full_like(self._train.shares[:rows, 0], 1 / rows)
        with matmul.rounding(self.precision, self.device):
            return filling.peak(self.device, lambda: self._weighted(theta, theta, some, weights))

    def _fixed(self, name: str, function: Callable[..., tuple[Tensor, ...]], *inputs: Tensor) -> tuple[Tensor, ...]:
        """Call a function of a micro-batch, whose rows are an input; captured if it is of full size."""
        if self._replayed is None or len(inputs[-1]) < self._rows:
            return function(*inputs)
        if name not in self._replayed:
            self._replayed[name] = Replay(function, inputs)
        return self._replayed[name](*inputs)

    def _weighted(self, theta: Tensor, direction: Tensor, rows: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the contributions along a direction of some examples, and their part of the Hessian product."""
        product = torch.zeros_like(theta)
        return self._second(theta, self._train.take(rows), weights, direction, product), product

    def _micro_batches(self, chosen: Tensor) -> Iterator[Tensor]:
        """Yield the rows where `chosen` holds, a micro-batch at a time."""
        rows = chosen.nonzero().squeeze(1)
        for part in _parts(len(rows), self._rows):
            yield rows[part]

    def _named(self, theta: Tensor) -> dict[str, Tensor]:
        """Return theta's parameters by name, as views."""
        parts = zip(self.model.shapes.items(), torch.split(theta, self._sizes), strict=True)
        return {name: part.view(shape) for (name, shape), part in parts}

    def _leaves(self, theta: Tensor) -> dict[str, Tensor]:
        """Return theta's parameters by name, as leaves of a new graph that share its memory."""
        return {name: part.detach().requires_grad_() for name, part in self._named(theta).items()}

    def _losses(self, theta: Tensor, windows: Windows) -> Tensor:
        """Return the losses of some windows, [N]."""
        parameters = self._named(theta)
        result = torch.empty_like(windows.shares[:, 0])
        with torch.no_grad():
            for part in _parts(len(result), self._rows):
                batch = windows.take(part)
                hidden = self.model.hidden(parameters, batch.inputs).flatten(0, 1)
                each = ending.losses(hidden, parameters[HEAD], batch.targets).view_as(batch.shares)
                result[part] = torch.linalg.vecdot(each, batch.shares)
        return result

    def _gradient(self, theta: Tensor, windows: Windows, weights: Tensor) -> Tensor:
        """Return the weighted gradient over some windows, [P]."""
        total = torch.zeros_like(theta)
        for rows in self._micro_batches(weights != 0):
            batch = windows.take(rows)
            (part,) = self._fixed("first", self._first, theta, batch.tokens, batch.shares, weights[rows])
            total += part
        return total

    def _first(self, theta: Tensor, tokens: Tensor, shares: Tensor, weights: Tensor) -> tuple[Tensor]:
        """Return the weighted gradient over a micro-batch, [P]."""
        leaves, batch = self._leaves(theta), Windows(tokens, shares)
        total = torch.zeros_like(theta)
        sums = self._named(total)
        hidden = self.model.hidden(leaves, batch.inputs).flatten(0, 1)
        each = (batch.shares * weights.unsqueeze(1)).view(-1)
        grad_hidden, grad_head = ending.gradient(hidden.detach(), leaves[HEAD].detach(), batch.targets, each)
        sums[HEAD] += grad_head
        _accumulate(sums, leaves, torch.autograd.grad(hidden, [*leaves.values()], grad_hidden, allow_unused=True))
        return (total,)

    def _second(
        self, theta: Tensor, batch: Windows, weights: Tensor, direction: Tensor, product: Tensor | None
    ) -> Tensor:
        """Return a micro-batch's contributions along a direction; add to the Hessian product if there is one."""
        leaves, along = self._leaves(theta), self._named(direction)
        each = (batch.shares * weights.unsqueeze(1)).view(-1).requires_grad_()
        hidden = self.model.hidden(leaves, batch.inputs).flatten(0, 1)
        # For the contributions alone, the ending needs no second derivative.
        states, head = (hidden, leaves[HEAD]) if product is not None else (hidden.detach(), leaves[HEAD].detach())
        grad_hidden, slope = ending.gradient_along(states, head, along[HEAD], batch.targets, each)
        first = torch.autograd.grad(hidden, [*leaves.values()], grad_hidden, create_graph=True, allow_unused=True)
        pairs = [(grad, along[name]) for name, grad in zip(leaves, first, strict=True) if grad is not None]
        outputs, directions = zip(*pairs, (slope, torch.ones_like(slope)), strict=True)
        inputs = [each] if product is None else [each, *leaves.values()]
        contributions, *second = torch.autograd.grad(outputs, inputs, directions)
        if product is not None:
            _accumulate(self._named(product), leaves, second)
        result: Tensor = torch.linalg.vecdot(contributions.view_as(batch.shares), batch.shares)
        return result


def _accumulate(sums: Mapping[str, Tensor], leaves: Mapping[str, Tensor], grads: Any) -> None:
    """Add the gradients of the leaves to their sums."""
    for name, grad in zip(leaves, grads, strict=True):
        if grad is not None:
            sums[name] += grad


def _parts(count: int, size: int) -> Iterator[slice]:
    """Yield the rows 0..count-1 in slices."""
    for start in range(0, count, size):
        yield slice(start, start + size)


def _read(path: Path, settings: Mapping[str, Any]) -> npt.NDArray[np.int32]:
    """Read the windows of a split, whose tokens must be of the vocabulary."""
    tokens = artifacts.matrix(artifacts.read(path, "token_examples"), "tokens")
    vocabulary = settings["data"]["tokenizer"]["vocabulary"]
    if tokens.min() < 0 or tokens.max() >= vocabulary:
        raise InputError(
            f"{path} holds the token {tokens.max() if tokens.max() >= vocabulary else tokens.min()}, expected tokens "
            f"from 0 to {vocabulary - 1}: set data.tokenizer.vocabulary to the size of the tokeniser that made them."
        )
    return tokens


load = LanguageModel.load
