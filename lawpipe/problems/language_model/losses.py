"""Losses of a language model on windows of tokens (arXiv 2402.17759, section 4.1).

A window of L + 1 tokens has L inputs and, shifted by one, L targets. The loss of an example is the mean cross-entropy
over its targets that are not pads, in nats; the loss of a reference set is the mean over its examples.

The Hessian-vector product and the contributions of all examples come from one pass that is differentiated twice. With
F(theta, gamma) = sum_n gamma[n] l_n(theta) and s = <grad_theta F, direction>,

    ds/dtheta = sum_n gamma[n] Hess l_n(theta) direction
    ds/dgamma[n] = <grad l_n(theta), direction>

Examples are processed in micro-batches, so that working memory does not grow with N.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import wraps
from math import prod
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lawpipe.compute import devices, matmul
from lawpipe.compute.cuda_graphs import Replay
from lawpipe.compute.limits import MICRO_LOGITS, MICRO_TOKENS
from lawpipe.data.specials import PAD
from lawpipe.problems.base import EVERY, HELD_OUT, Problem, held_out, shard
from lawpipe.problems.language_model.micro_batch import peak, room, rows_that_fit
from lawpipe.problems.language_model.models import cross_entropy as output_layer
from lawpipe.problems.language_model.models.base import HEAD, Loops, Model, build_model
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.examples import TOKEN_EXAMPLES

#: Environment variable; 1 captures micro-batches of full size as CUDA graphs.
GRAPHS = "LAWPIPE_GRAPHS"

#: Bytes for the gradients of single examples, whose norms are measured.
SINGLE_GRADIENTS = 2**25


@dataclass(frozen=True)
class Windows:
    """Token windows [N, L+1], and the weight of each target in the loss of its example, [N, L]."""

    tokens: Tensor
    target_weights: Tensor

    def take(self, rows: Tensor | slice) -> "Windows":
        """Return the windows at some rows."""
        return Windows(self.tokens[rows], self.target_weights[rows])

    def token_weights(self, weights: Tensor) -> Tensor:
        """Return the weight of each target in the sum of the examples' losses times weights [N], [N, L]."""
        return self.target_weights * weights.unsqueeze(1)

    def of_examples(self, values: Tensor) -> Tensor:
        """Return the sum over the targets of each example of values, one per target, times their weights, [N]."""
        result: Tensor = torch.linalg.vecdot(values.view_as(self.target_weights), self.target_weights)
        return result

    @property
    def inputs(self) -> Tensor:
        """Input tokens, [N, L]."""
        return self.tokens[:, :-1]

    @property
    def targets(self) -> Tensor:
        """Target tokens, flat, [N L]."""
        return self.tokens[:, 1:].reshape(-1)


M = TypeVar("M", bound=Callable[..., Any])


def _rounding(method: M) -> M:
    """Run a method of LanguageModel with the matrix products of the problem's precision."""

    @wraps(method)
    def wrapped(self: "LanguageModel", /, *args: Any, **kwargs: Any) -> Any:
        with matmul.rounding(self.precision, self.device):
            return method(self, *args, **kwargs)

    return cast("M", wrapped)


class LanguageModel(Problem):
    """Training of a language model on token windows; theta holds its parameters in the order of `model.shapes`."""

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
        """Place the examples, windows [N, L+1] of tokens, on the device.

        `micro_batch` is the number of tokens per micro-batch, by default as many as suit the device. `precision` is
        that of matrix products, if it is lower than the `dtype` of the parameters (see `matmul`). With `graphs`,
        micro-batches of full size are captured as CUDA graphs.
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
        self._graphs: dict[str, Replay] | None = {} if graphs else None
        self._loops: Loops | None = None
        loops = getattr(model, "loops", None)
        if precision not in matmul.ROUNDED and devices.compiles(dtype, device) and callable(loops):
            self._loops = loops()
        self._fill()

    def _fill(self) -> None:
        """Set the number of examples in a micro-batch; on CUDA by default as many as fit in memory."""
        tokens = self._micro_batch or min(MICRO_TOKENS, MICRO_LOGITS // self.model.shapes[HEAD][0])
        self._rows = max(1, tokens // self._train.target_weights.shape[1])
        if self.device.type == "cuda" and self._micro_batch is None:
            self._rows = rows_that_fit(self.examples, room(self.device), self._memory)

    def _count(self) -> None:
        """Set the numbers of examples."""
        self.references = {name: len(windows.tokens) for name, windows in self._references.items()}
        self.examples = len(self._train.tokens)

    def _renew(self) -> None:
        """Set what depends on the examples, after they have changed."""
        self._count()
        # A captured graph belongs to the examples that it was captured with.
        self._graphs = None if self._graphs is None else {}
        self._fill()

    def _windows(self, tokens: npt.NDArray[np.integer[Any]]) -> Windows:
        """Return a split with its target weights: 1 / number of targets, 0 for pads; no target gives loss 0.

        Raises ValueError if a token is not in the vocabulary, which compiled loops do not notice.
        """
        words = self.model.shapes[HEAD][0]
        if tokens.size and not 0 <= tokens.min() <= tokens.max() < words:
            raise ValueError(f"the windows hold tokens {tokens.min()} to {tokens.max()}, expected 0 to {words - 1}")
        placed = torch.from_numpy(tokens.astype(np.int64)).to(self.device)
        counted = (placed[:, 1:] != PAD).to(self.dtype)
        return Windows(placed, counted / counted.sum(dim=1, keepdim=True).clamp_(min=1))

    @classmethod
    def load(cls, settings: Mapping[str, Any], splits: Mapping[str, Path]) -> Self:
        """Build the problem from the files of its splits."""
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
        result._renew()
        return result

    def with_desired(self) -> Self:
        """Return the problem whose training examples are followed by the desired ones."""
        result = copy(self)
        desired = self._references["desired"]
        result._train = Windows(
            torch.cat((self._train.tokens, desired.tokens)),
            torch.cat((self._train.target_weights, desired.target_weights)),
        )
        result.joined = len(desired.tokens)
        result._renew()
        return result

    def holding_out(self, quarter: int = EVERY - 1) -> Self:
        """Return the problem without a quarter of the desired examples, which are the reference set `held_out`."""
        desired = self._references["desired"]
        out = torch.from_numpy(held_out(len(desired.tokens), quarter)).to(self.device)
        result = copy(self)
        result._references = self._references | {"desired": desired.take(~out), HELD_OUT: desired.take(out)}
        result._renew()
        return result

    @_rounding
    def losses(self, theta: Tensor) -> Tensor:
        """Return the loss of every training example, [N]."""
        return self._losses(theta, self._train)

    @_rounding
    def gradient_norms(self, theta: Tensor) -> Tensor:
        """Return |grad l_n(theta)| of every training example, [N], from single gradients by vmap, a few at a time."""

        def loss(parameters: dict[str, Tensor], tokens: Tensor, target_weights: Tensor) -> Tensor:
            hidden = self.model.hidden(parameters, tokens[:-1].unsqueeze(0)).squeeze(0)
            return cross_entropy(hidden @ parameters[HEAD].T, tokens[1:], reduction="none").dot(target_weights)

        gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
        parameters = self._named(theta)
        rows = max(1, min(self._rows, SINGLE_GRADIENTS // (theta.numel() * theta.element_size())))
        norms = []
        for part in _parts(self.examples, rows):
            batch = self._train.take(part)
            single = gradients(parameters, batch.tokens, batch.target_weights).values()
            norms.append(torch.stack([gradient.flatten(1).square().sum(dim=1) for gradient in single]).sum(dim=0))
        return torch.cat(norms).sqrt_()

    @_rounding
    def contributions(self, theta: Tensor, direction: Tensor) -> Tensor:
        """Return every <grad l_n(theta), direction>, [N]."""
        if self._loops:
            return self._along(theta, direction, self._train, self._train.target_weights, None)
        result = torch.empty(self.examples, dtype=self.dtype, device=self.device)
        for part in _parts(self.examples, self._rows):
            batch = self._train.take(part)
            result[part] = self._second_order(
                theta, batch, torch.zeros_like(batch.target_weights[:, 0]), direction, None
            )
        return result

    @_rounding
    def weighted_gradient(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] grad l_n(theta), [P]; examples of weight 0 are skipped."""
        return self._gradient(theta, self._train, weights)

    @_rounding
    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return the contributions along a direction, [N], and the weighted Hessian's product with it, [P].

        Examples of weight 0 are left out of the product, which halves their cost.
        """
        contributions = torch.empty_like(weights)
        product = torch.zeros_like(theta)
        if self._loops:
            for rows, total in ((weights != 0, product), (weights == 0, None)):
                batch = self._train.take(rows)
                token_weights = batch.token_weights(weights[rows])
                contributions[rows] = self._along(theta, direction, batch, token_weights, total)
            return contributions, product
        for rows in self._micro_batches(weights != 0):
            contributions[rows], part = self._captured(
                "second", self._weighted, theta, direction, rows, weights[rows]
            )
            product += part
        for rows in self._micro_batches(weights == 0):
            contributions[rows] = self._second_order(theta, self._train.take(rows), weights[rows], direction, None)
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

    @_rounding
    def reference_terms(self, against: str, thetas: Tensor) -> tuple[npt.NDArray[np.float64] | None, Tensor]:
        """Return the mean losses on a reference set, [S], in compiled loops, else None; and the gradients, [S, P]."""
        if not self._loops:
            return super().reference_terms(against, thetas)
        windows = self._references[against]
        token_weights = windows.token_weights(self._equal(windows))
        losses, gradients = zip(
            *(self._loops.gradient(theta, windows.tokens, token_weights) for theta in thetas), strict=True
        )
        means = [windows.of_examples(of_tokens).mean(dtype=torch.float64) for of_tokens in losses]
        return torch.stack(means).numpy(), torch.stack(gradients)

    @_rounding
    def half_gradients(self, against: str, theta: Tensor) -> Tensor:
        """Return the gradients of the mean losses on the even and on the odd examples of a reference set, [2, P]."""
        windows = self._references[against]
        odd = min(1, len(windows.target_weights) - 1)
        return torch.stack([self._mean_gradient(theta, windows.take(slice(start, None, 2))) for start in (0, odd)])

    def _mean_gradient(self, theta: Tensor, windows: Windows) -> Tensor:
        """Return the gradient of the mean loss of some windows, [P]."""
        return self._gradient(theta, windows, self._equal(windows))

    @staticmethod
    def _equal(windows: Windows) -> Tensor:
        """Return the equal weights of some windows in their mean, [N]."""
        return torch.full_like(windows.target_weights[:, 0], 1 / len(windows.target_weights))

    def _memory(self, rows: int) -> int:
        """Return the bytes that one step of the backward pass takes for a number of examples, on CUDA."""
        theta = torch.zeros(self.parameters, dtype=self.dtype, device=self.device)
        indices = torch.arange(rows, device=self.device)
        weights = torch.full_like(self._train.target_weights[:rows, 0], 1 / rows)
        with matmul.rounding(self.precision, self.device):
            return peak(self.device, lambda: self._weighted(theta, theta, indices, weights))

    def _captured(
        self, name: str, function: Callable[..., tuple[Tensor, ...]], *inputs: Tensor
    ) -> tuple[Tensor, ...]:
        """Call a function on a micro-batch, as a captured CUDA graph if the micro-batch has full size."""
        if self._graphs is None or len(inputs[-1]) < self._rows:
            return function(*inputs)
        if name not in self._graphs:
            self._graphs[name] = Replay(function, inputs)
        return self._graphs[name](*inputs)

    def _weighted(self, theta: Tensor, direction: Tensor, rows: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the contributions of some examples along a direction, and their part of the Hessian product."""
        product = torch.zeros_like(theta)
        return self._second_order(theta, self._train.take(rows), weights, direction, product), product

    def _micro_batches(self, chosen: Tensor) -> Iterator[Tensor]:
        """Yield the indices where `chosen` is true, one micro-batch at a time."""
        rows = chosen.nonzero().squeeze(1)
        for part in _parts(len(rows), self._rows):
            yield rows[part]

    def _named(self, theta: Tensor) -> dict[str, Tensor]:
        """Return the parameters by name, as views of theta."""
        parts = zip(self.model.shapes.items(), torch.split(theta, self._sizes), strict=True)
        return {name: part.view(shape) for (name, shape), part in parts}

    def _leaves(self, theta: Tensor) -> dict[str, Tensor]:
        """Return the parameters by name, as leaves of a new graph that share theta's memory."""
        return {name: part.detach().requires_grad_() for name, part in self._named(theta).items()}

    def _losses(self, theta: Tensor, windows: Windows) -> Tensor:
        """Return the losses of some windows, [N]."""
        if self._loops:
            return windows.of_examples(self._loops.losses(theta, windows.tokens))
        parameters = self._named(theta)
        result = torch.empty_like(windows.target_weights[:, 0])
        with torch.no_grad():
            for part in _parts(len(result), self._rows):
                batch = windows.take(part)
                hidden = self.model.hidden(parameters, batch.inputs).flatten(0, 1)
                token_losses = output_layer.losses(hidden, parameters[HEAD], batch.targets)
                result[part] = batch.of_examples(token_losses)
        return result

    def _gradient(self, theta: Tensor, windows: Windows, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] grad l_n(theta) over some windows, [P]."""
        if self._loops:
            rows = weights != 0
            batch = windows.take(rows)
            return self._loops.gradient(theta, batch.tokens, batch.token_weights(weights[rows]))[1]
        total = torch.zeros_like(theta)
        for rows in self._micro_batches(weights != 0):
            batch = windows.take(rows)
            (part,) = self._captured(
                "first", self._first_order, theta, batch.tokens, batch.target_weights, weights[rows]
            )
            total += part
        return total

    def _along(
        self, theta: Tensor, direction: Tensor, batch: Windows, token_weights: Tensor, product: Tensor | None
    ) -> Tensor:
        """Return the contributions of some windows, [B], and add their Hessian product to `product`, in loops."""
        assert self._loops is not None
        slopes = self._loops.along(theta, direction, batch.tokens, token_weights, product)
        return batch.of_examples(slopes)

    def _first_order(self, theta: Tensor, tokens: Tensor, target_weights: Tensor, weights: Tensor) -> tuple[Tensor]:
        """Return sum_n weights[n] grad l_n(theta) over a micro-batch, [P]."""
        leaves, batch = self._leaves(theta), Windows(tokens, target_weights)
        total = torch.zeros_like(theta)
        sums = self._named(total)
        hidden = self.model.hidden(leaves, batch.inputs).flatten(0, 1)
        token_weights = batch.token_weights(weights).view(-1)
        grad_hidden, grad_head = output_layer.gradient(
            hidden.detach(), leaves[HEAD].detach(), batch.targets, token_weights
        )
        sums[HEAD] += grad_head
        _accumulate(sums, leaves, torch.autograd.grad(hidden, [*leaves.values()], grad_hidden, allow_unused=True))
        return (total,)

    def _second_order(
        self, theta: Tensor, batch: Windows, weights: Tensor, direction: Tensor, product: Tensor | None
    ) -> Tensor:
        """Return the contributions of a micro-batch along a direction, [B]; add its Hessian product to `product`.

        Without `product`, only the contributions are computed.
        """
        leaves, along = self._leaves(theta), self._named(direction)
        token_weights = batch.token_weights(weights).view(-1).requires_grad_()
        hidden = self.model.hidden(leaves, batch.inputs).flatten(0, 1)
        # The contributions alone need no second derivative of the output layer.
        states, head = (hidden, leaves[HEAD]) if product is not None else (hidden.detach(), leaves[HEAD].detach())
        grad_hidden, slope = output_layer.gradient_along(states, head, along[HEAD], batch.targets, token_weights)
        first = torch.autograd.grad(hidden, [*leaves.values()], grad_hidden, create_graph=True, allow_unused=True)
        pairs = [(grad, along[name]) for name, grad in zip(leaves, first, strict=True) if grad is not None]
        outputs, directions = zip(*pairs, (slope, torch.ones_like(slope)), strict=True)
        inputs = [token_weights] if product is None else [token_weights, *leaves.values()]
        contributions, *second = torch.autograd.grad(outputs, inputs, directions)
        if product is not None:
            _accumulate(self._named(product), leaves, second)
        return batch.of_examples(contributions)


def _accumulate(sums: Mapping[str, Tensor], leaves: Mapping[str, Tensor], grads: Any) -> None:
    """Add the gradients of the leaves to their sums by name; a gradient of None is zero."""
    for name, grad in zip(leaves, grads, strict=True):
        if grad is not None:
            sums[name] += grad


def _parts(count: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` that cover 0..count-1."""
    for start in range(0, count, size):
        yield slice(start, start + size)


def _read(path: Path, settings: Mapping[str, Any]) -> npt.NDArray[np.int32]:
    """Read the windows of a split; raises InputError if a token is not in the vocabulary."""
    tokens = artifacts.matrix(artifacts.read(path, TOKEN_EXAMPLES), "tokens")
    vocabulary = settings["data"]["tokenizer"]["vocabulary"]
    if tokens.min() < 0 or tokens.max() >= vocabulary:
        raise InputError(
            f"{path} holds the token {tokens.max() if tokens.max() >= vocabulary else tokens.min()}, expected tokens "
            f"from 0 to {vocabulary - 1}: set data.tokenizer.vocabulary to the size of the tokeniser that made them."
        )
    return tokens


load = LanguageModel.load
