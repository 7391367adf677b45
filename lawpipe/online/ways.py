"""The ways to measure a batch: its losses, with what the backward pass needs, and its contributions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.parallel import DistributedDataParallel

from lawpipe.online import arguments
from lawpipe.online.contributions import Contributions, Losses, difference, double_backward, forward_mode
from lawpipe.online.hooks import FUSED, NotCovered, Recorder, Recording, accumulated, is_finite
from lawpipe.online.models import RngState, eager, kept_buffers, listed, say

#: The ways by name; the values say how often linear layers are fused (see `hooks`), or are functions.
HOOKS = {"hooks": FUSED, "deferred": 0.0, "fused": math.inf}
FUNCTIONS = {"difference": difference, "forward_mode": forward_mode, "double_backward": double_backward}

NO_PART = "losses must call the model that it is given: no trained parameter took part in its result."

#: Relative error of a gradient by hooks that rounding explains, by precision.
ROUNDING = {torch.float64: 1e-6, torch.float32: 1e-3, torch.bfloat16: 0.1, torch.float16: 0.1}


@dataclass
class Measured:
    """Losses [B] whose backward pass gives gradients, contributions [B], and which examples are finite [B]."""

    losses: Tensor
    contributions: Tensor
    finite: Tensor


@dataclass
class Subject:
    """A model, its losses, and the model without the wrappers of DistributedDataParallel and torch.compile."""

    model: nn.Module
    losses: Losses
    plain: nn.Module

    def trained(self) -> dict[str, Tensor]:
        """Return the parameters that require gradients, by name."""
        return {name: p for name, p in self.plain.named_parameters() if p.requires_grad}

    def of(self, batch: Any, *, wrapped: bool = False) -> Tensor:
        """Return the losses of a batch, [B]."""
        model = self.model if wrapped else self.plain
        with eager(self.model), called(model, wrapped and isinstance(model, DistributedDataParallel)):
            return arguments.per_example(self.losses(model, batch))

    def device(self) -> torch.device:
        """Return the device of the first trained parameter."""
        parameter = next(iter(self.trained().values()), None)
        if parameter is None:
            raise ValueError("model has no parameter that requires gradients.")
        return parameter.device

    def precision(self) -> torch.dtype:
        """Return the lowest precision in force: that of a trained parameter, or of autocast."""
        kinds = {p.dtype for p in self.trained().values()}
        device = self.device().type
        if torch.is_autocast_enabled(device):
            kinds.add(torch.get_autocast_dtype(device))
        return min(kinds, key=lambda kind: -torch.finfo(kind).eps)


@dataclass
class ByHooks:
    """Contributions and gradients by `hooks`; `scale` multiplies the losses in float16, as GradScaler does.

    `precision` is the lowest of the last recording, because autocast may be in force within the model only.
    """

    subject: Subject
    fused: float = FUSED
    scale: float = 1024.0
    precision: torch.dtype | None = None
    rows: set[tuple[int, int]] = field(default_factory=set)

    def measure(self, batch: Any, direction: Mapping[str, Tensor]) -> Measured:
        """Return the losses and contributions of a batch; those of examples that are not finite become 0."""
        parameters = self.subject.trained()
        recording = self._recording(batch, wrapped=True)
        self._refuse_uncovered(recording, batch)
        if recording.recorded.isdisjoint(parameters.values()):
            raise ValueError(NO_PART)
        along = {p: direction[name] if name in direction else torch.zeros_like(p) for name, p in parameters.items()}
        contributions = recording.products(along)
        finite = contributions.isfinite() & recording.losses.isfinite()
        if not bool(finite.all()):
            if recording.scale > 1 and bool(recording.losses.isfinite().all()):
                self.scale /= 2
            recording.clear(~finite)
            contributions = contributions.masked_fill(~finite, 0.0)
        losses = _differentiable(recording, parameters)
        return Measured(losses, contributions, finite)

    def gradient(self, batch: Any) -> dict[str, Tensor]:
        """Return the gradient of the mean loss of a batch, by name, at least in float32."""
        with kept_buffers(self.subject.plain):
            recording = self._recording(batch)
        self._refuse_uncovered(recording, batch)
        count = len(recording.losses)
        gradients = recording.gradients(torch.full_like(recording.losses, 1 / count))
        return {
            name: accumulated(gradients[p] if p in gradients else torch.zeros_like(p))
            for name, p in self.subject.trained().items()
        }

    def missed(self, batch: Any) -> list[str] | None:
        """Return the parameters whose gradient by hooks is not that of autograd; None if it cannot be told.

        Each example has another weight, so that rows that are not one per example show as well. Products are compared
        too: those with the gradient itself must add up to its square. Buffers and random numbers stay as they are.
        What hooks make impossible, though it is possible without them, they do not cover.
        """
        parameters, random = self.subject.trained(), RngState(self.subject.device())
        try:
            with kept_buffers(self.subject.plain), random.replayed():
                recording = self._recording(batch, is_checked=True)
                weights = torch.linspace(0.5, 1.5, len(recording.losses), device=recording.losses.device)
                gradients = recording.gradients(weights)
                products = recording.products(dict(gradients))
        except Exception as error:
            return self._uncovered(batch, error)
        rows = recording.rows
        del recording  # before the reference needs memory of its own
        with kept_buffers(self.subject.plain), random.replayed():
            losses = arguments.graph(self.subject.of(batch))
            expected = _reference((accumulated(losses) * weights).sum(), list(parameters.values()))
        size = math.sqrt(sum(float(accumulated(g).square().sum()) for g in expected if g is not None))
        if not math.isfinite(size) or not all(is_finite(gradient) for gradient in gradients.values()):
            return None
        rounding = ROUNDING[self.precision or self.subject.precision()]
        squares = sum(float(accumulated(gradient).square().sum()) for gradient in gradients.values())
        if abs(float(weights.to(products) @ products) - squares) > rounding * squares:
            return list(parameters)
        names = []
        for (name, p), g in zip(parameters.items(), expected, strict=True):
            if g is None:
                continue
            off = accumulated(gradients[p]) - accumulated(g) if p in gradients else None
            if off is None or float(off.norm()) > rounding * (float(accumulated(g).norm()) + 0.01 * size):
                names.append(name)
        if not names:
            self.rows |= rows
        return names

    def _refuse_uncovered(self, recording: Recording, batch: Any) -> None:
        """Refuse outputs without a row per example.

        Where examples have several rows, some may have more than others. A number of rows that is new is compared.
        """
        if recording.lost or (recording.rows - self.rows and self.missed(batch)):
            raise NotCovered("outputs without a row per example")

    def _uncovered(self, batch: Any, error: Exception) -> list[str]:
        """Return what hooks made impossible, if the losses can be computed without them."""
        random = RngState(self.subject.device())
        with kept_buffers(self.subject.plain), random.replayed():
            losses = arguments.graph(self.subject.of(batch))
            reference = _reference(losses.sum(), list(self.subject.trained().values()))
        if all(gradient is None for gradient in reference):
            raise ValueError(NO_PART) from None
        return [str(error) if isinstance(error, NotCovered) else f"the model with hooks ({error})"]

    def _recording(self, batch: Any, *, wrapped: bool = False, is_checked: bool = False) -> Recording:
        half = torch.float16 in (self.precision, self.subject.precision())
        recorder = Recorder(self.subject.plain, fused=self.fused)
        recording = recorder.record(
            lambda: self.subject.of(batch, wrapped=wrapped), scale=self.scale if half else 1.0, is_checked=is_checked
        )
        self.precision = recording.precision
        return recording


@dataclass
class ByFunction:
    """Contributions by a function such as `double_backward`, and gradients by autograd."""

    subject: Subject
    contributions: Contributions
    said: set[str] = field(default_factory=set)

    def measure(self, batch: Any, direction: Mapping[str, Tensor]) -> Measured:
        """Return the losses and contributions of a batch; if one is not finite, the batch counts for nothing."""
        parameters = self.subject.trained()
        if self.contributions is difference and self.subject.precision() in (torch.bfloat16, torch.float16):
            raise ValueError("contributions: a difference is noise in 16 bits; use 'hooks' or 'double_backward'.")
        random = RngState(self.subject.device())
        with self._attention():
            losses = arguments.graph(self.subject.of(batch, wrapped=True))
        along = [accumulated(direction[name]).to(p.dtype) for name, p in parameters.items() if name in direction]
        contributions = torch.zeros_like(losses)
        if along:
            with random.replayed(), self._kept(), eager(self.subject.model), self._attention():
                contributions = self.contributions(self.subject.plain, self.subject.losses, batch, along, losses)
        contributions = accumulated(arguments.contributions(contributions, len(losses)).detach())
        if is_finite(losses.detach()) and is_finite(contributions):
            return Measured(losses if losses.dtype == torch.float64 else losses.float(), contributions, _all(losses))
        if "finite" not in self.said:
            self.said.add("finite")
            say("a batch with an example that is not finite is left out as a whole.")
        nothing = Recording(torch.zeros_like(accumulated(losses.detach())))
        lost = _differentiable(nothing, parameters)
        return Measured(lost, torch.zeros_like(contributions), ~_all(losses))

    def gradient(self, batch: Any) -> dict[str, Tensor]:
        """Return the gradient of the mean loss of a batch, by name, at least in float32."""
        parameters = self.subject.trained()
        with kept_buffers(self.subject.plain), self._attention():
            loss = arguments.graph(self.subject.of(batch)).mean()
            gradients = torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True)
        dense = (gradient.to_dense() if gradient.is_sparse else gradient for gradient in gradients)
        return dict(zip(parameters, map(accumulated, dense), strict=True))

    def _kept(self) -> AbstractContextManager[Any]:
        return nullcontext() if self.contributions is double_backward else kept_buffers(self.subject.plain)

    def _attention(self) -> AbstractContextManager[Any]:
        """Return a context in which attention has the derivatives that are needed."""
        needed = self.contributions in (double_backward, forward_mode)
        context: AbstractContextManager[Any] = sdpa_kernel(SDPBackend.MATH) if needed else nullcontext()
        return context


def chosen(subject: Subject, contributions: str | Contributions) -> ByHooks | ByFunction:
    """Return the way with a name, or the way of a function."""
    if callable(contributions):
        return ByFunction(subject, contributions)
    if contributions in HOOKS:
        return ByHooks(subject, HOOKS[contributions])
    if contributions in FUNCTIONS:
        return ByFunction(subject, FUNCTIONS[contributions])
    raise ValueError(f"contributions must be a function or one of {', '.join([*HOOKS, *FUNCTIONS])}.")


def fallen_back(subject: Subject, names: list[str]) -> ByFunction:
    """Return the way for a model whose gradients hooks do not reproduce, and say so."""
    say(
        "contributions by double_backward, which takes longer, because hooks do not cover "
        f"{listed(names)} (BatchNorm in training mode, parameters used without calling their module, outputs "
        "without a row per example, or tensors outside of the model)."
    )
    return ByFunction(subject, double_backward)


def _differentiable(recording: Recording, parameters: Mapping[str, Tensor]) -> Tensor:
    losses: Tensor = _Losses.apply(recording, *parameters.values())  # type: ignore[no-untyped-call]
    return losses


class _Losses(torch.autograd.Function):
    """The losses of a recording; their backward pass forms the weighted gradients of the parameters."""

    @staticmethod
    def forward(ctx: Any, recording: Recording, *parameters: Tensor) -> Tensor:
        ctx.recording = recording
        ctx.parameters = parameters
        return accumulated(recording.losses).clone()

    @staticmethod
    def backward(ctx: Any, weights: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.recording is None:
            raise RuntimeError("losses of online weights can be differentiated once: add terms before backward().")
        recording, ctx.recording = ctx.recording, None
        if recording.is_changed():
            raise RuntimeError("a batch was changed in place between the call of online weights and backward().")
        gradients = recording.gradients(weights)
        gradients |= {p: gradients[p].to_sparse(1) for p in recording.sparse() if p in gradients}
        return (None, *(gradients.get(parameter) for parameter in ctx.parameters))


def _reference(total: Tensor, parameters: list[Tensor]) -> list[Tensor | None]:
    """Return gradients by autograd; reentrant checkpoints allow backward() alone."""
    try:
        gradients = torch.autograd.grad(total, parameters, allow_unused=True, retain_graph=True)
        return [g.to_dense() if g is not None and g.is_sparse else g for g in gradients]
    except RuntimeError as error:
        if "checkpoint" not in str(error).lower():
            raise
    kept = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
    try:
        torch.autograd.backward(total)
        return [parameter.grad for parameter in parameters]
    finally:
        for parameter, gradient in zip(parameters, kept, strict=True):
            parameter.grad = gradient


@contextmanager
def called(model: nn.Module, is_needed: bool) -> Iterator[None]:
    """Check, if needed, that the block calls a model: DistributedDataParallel averages no gradients otherwise."""
    if not is_needed:
        yield
        return
    calls: list[bool] = []
    handle = model.register_forward_pre_hook(lambda module, args: calls.append(True))
    try:
        yield
    finally:
        handle.remove()
    if not calls:
        raise ValueError("losses must call the model that it is given, its first argument, and no other.")


def _all(losses: Tensor) -> Tensor:
    return torch.ones(len(losses), dtype=torch.bool, device=losses.device)
