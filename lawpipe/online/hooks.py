"""Contributions and weighted gradients from one forward and one backward pass, by hooks on the modules.

A module computes y_n = f(a_n; theta) for each example n. With b_n the gradient of the loss of example n with respect
to y_n, and J_n the derivative of y_n in theta,

    contribution of n:     <grad l_n, V> = <b_n, J_n V>,        for a direction V,
    weighted gradient:     sum_n w_n grad l_n = sum_n J_n^T (w_n b_n).

A `Recorder` runs the backward pass of the unweighted sum of the losses, without the parameters' own gradients, and
keeps the pairs (a, b). Contributions follow from these pairs, the weights from the contributions, and then the
weighted gradient from the same pairs. Both are linear in the calls of a module and in its parameters, so shared
parameters and repeated calls add up. Nothing is approximated, and there is no second forward pass.

Where it takes little memory, the gradients of single examples are formed at once instead ("fused"), which saves a
matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

#: A linear layer is fused if the gradients of single examples have at most this many times the numbers of (a, b).
FUSED = 1.0

#: Modules whose output is a homogeneous linear function of their parameters, so that J V = f(a; V).
LINEAR = (nn.modules.conv._ConvNd, nn.GroupNorm, nn.Bilinear)


class Rule(Protocol):
    """What is kept of one call of a module, and how products and gradients follow from it."""

    def products(self, direction: Mapping[Tensor, Tensor]) -> Tensor:
        """Return <grad l_n, direction> over the parameters of this module, [B]."""

    def gradients(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the parameters with their gradients, weighted by `weights` [B]."""

    def clear(self, rows: Tensor) -> None:
        """Set what is kept of some examples, a mask [B], to 0."""


@dataclass
class Call:
    """One call of a module: its trained parameters, its inputs, and the autocast in force (None: none)."""

    module: nn.Module
    own: dict[str, Tensor]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    autocast: torch.dtype | None
    shared: bool

    def __call__(self, parameters: Mapping[str, Tensor], device: str) -> Tensor:
        """Repeat the call with other parameters."""
        with torch.autocast(device, dtype=self.autocast, enabled=self.autocast is not None):
            output: Tensor = functional_call(self.module, dict(parameters), self.args, self.kwargs)
        return output


class PerExample:
    """The gradients of single examples, [B, ...] for each parameter."""

    def __init__(self, gradients: dict[Tensor, Tensor]) -> None:
        self.kept = gradients

    def products(self, direction: Mapping[Tensor, Tensor]) -> Tensor:
        """Return the inner products, [B]."""
        flat = {parameter: kept.flatten(1) for parameter, kept in self.kept.items()}
        parts = [kept @ direction[p].flatten().to(kept.dtype) for p, kept in flat.items()]
        return torch.stack([accumulated(part) for part in parts]).sum(dim=0)

    def gradients(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the weighted sums."""
        for parameter, kept in self.kept.items():
            yield parameter, (weights.to(kept.dtype) @ kept.flatten(1)).view_as(parameter)

    def clear(self, rows: Tensor) -> None:
        """Set the rows to 0."""
        for kept in self.kept.values():
            kept[rows] = 0


class Linear:
    """Inputs [B, T, in] and output gradients [B, T, out] of a linear layer."""

    def __init__(self, call: Call, slopes: Tensor, inputs: Tensor) -> None:
        self.own = call.own
        self.inputs = inputs
        self.slopes = slopes

    def products(self, direction: Mapping[Tensor, Tensor]) -> Tensor:
        """Return <b_n, V a_n>, [B], as <V^T b_n, a_n> where inputs have fewer numbers than outputs."""
        low = {name: direction[p].to(self.slopes.dtype) for name, p in self.own.items()}
        if not self._is_narrow():
            return dot(self.slopes, functional.linear(self.inputs, low["weight"], low.get("bias")))
        products = dot(self.slopes @ low["weight"], self.inputs)
        if "bias" in low:
            products = products + accumulated(self.slopes @ low["bias"]).sum(dim=1)
        return products

    def gradients(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (w b)^T a for the matrix and the sum of w b for the bias; a is weighed where it is narrower."""
        slopes, inputs = self.slopes.flatten(0, 1), self.inputs.flatten(0, 1)
        if not self._is_narrow():
            weighted = scaled(self.slopes, weights).flatten(0, 1)
            yield self.own["weight"], weighted.mT @ inputs
            if "bias" in self.own:
                yield self.own["bias"], weighted.sum(dim=0)
            return
        yield self.own["weight"], slopes.mT @ scaled(self.inputs, weights).flatten(0, 1)
        if "bias" in self.own:
            yield self.own["bias"], weights.to(slopes.dtype).repeat_interleave(self.slopes.shape[1]) @ slopes

    def _is_narrow(self) -> bool:
        return self.inputs.shape[2] < self.slopes.shape[2]

    def clear(self, rows: Tensor) -> None:
        """Set the rows to 0; the inputs are copied, because the model may hold them too."""
        self.inputs = blank(self.inputs, rows)
        self.slopes = blank(self.slopes, rows)


class Lookup:
    """Indices [B, T] and output gradients [B, T, H] of an embedding."""

    def __init__(self, call: Call, slopes: Tensor) -> None:
        self.weight = call.own["weight"]
        self.is_sparse = call.module.sparse
        indices = call.args[0].reshape(1 if call.shared else len(slopes), -1)
        self.indices = indices.expand(slopes.shape[:2])
        padding = call.module.padding_idx
        self.slopes = slopes if padding is None else blank(slopes, self.indices == padding)

    def products(self, direction: Mapping[Tensor, Tensor]) -> Tensor:
        """Return <b_n, V[indices]>, [B]."""
        return dot(self.slopes, functional.embedding(self.indices, direction[self.weight].to(self.slopes.dtype)))

    def gradients(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the sum of w b over the places of each index."""
        rows = scaled(self.slopes, weights).flatten(0, -2)
        zeros = torch.zeros(self.weight.shape, dtype=accumulated(rows[:0]).dtype, device=rows.device)
        yield self.weight, zeros.index_add_(0, self.indices.flatten(), rows.to(zeros.dtype))

    def clear(self, rows: Tensor) -> None:
        """Set the rows to 0."""
        self.slopes = blank(self.slopes, rows)


class Leaf:
    """Inputs and output gradients [B, ...] of any module, whose derivative is taken by autograd."""

    def __init__(self, call: Call, slopes: Tensor, batch: int) -> None:
        self.call = call
        self.slopes = slopes
        self.batch = batch

    def products(self, direction: Mapping[Tensor, Tensor]) -> Tensor:
        """Return <b_n, J V>, with J V = f(a; V) for linear modules, else as the derivative of J^T (w b) in w."""
        device = self.slopes.device.type
        if is_linear(self.call.module):
            zeros = {name: torch.zeros_like(p) for name, p in self.call.module.named_parameters(recurse=False)}
            values = zeros | {name: direction[p].to(p.dtype) for name, p in self.call.own.items()}
            return dot(*self._rows(self.slopes, self.call(values, device).expand_as(self.slopes)))
        with torch.enable_grad():
            weights = torch.ones(self.batch, dtype=self.slopes.dtype, device=self.slopes.device, requires_grad=True)
            gradients = self._vjp(weights, create_graph=True)
            product = torch.stack([(accumulated(g) * direction[p].to(g.device)).sum() for p, g in gradients]).sum()
            return accumulated(torch.autograd.grad(product, weights, materialize_grads=True)[0])

    def gradients(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield J^T (w b)."""
        with torch.enable_grad():
            yield from self._vjp(weights)

    def clear(self, rows: Tensor) -> None:
        """Set the rows to 0, in the inputs too where they have one row per example."""
        whole = rows.repeat_interleave(len(self.slopes) // self.batch)
        self.slopes = blank(self.slopes, whole)

        def cleared(value: Any) -> Any:
            return blank(value, whole) if isinstance(value, Tensor) and value.shape[:1] == whole.shape else value

        self.call.args = tuple(map(cleared, self.call.args))
        self.call.kwargs = {name: cleared(value) for name, value in self.call.kwargs.items()}

    def _vjp(self, weights: Tensor, create_graph: bool = False) -> list[tuple[Tensor, Tensor]]:
        own = {name: p.detach().requires_grad_() for name, p in self.call.own.items()}
        output = self.call(own, self.slopes.device.type)
        (slopes,) = self._rows(self.slopes)
        weighted = scaled(slopes, weights).reshape(self.slopes.shape)
        gradients = torch.autograd.grad(
            output.expand_as(weighted),
            list(own.values()),
            weighted,
            create_graph=create_graph,
            materialize_grads=True,
        )
        dense = (gradient.to_dense() if gradient.is_sparse else gradient for gradient in gradients)
        return list(zip(self.call.own.values(), dense, strict=True))

    def _rows(self, *tensors: Tensor) -> list[Tensor]:
        return [tensor.reshape(self.batch, -1, *tensor.shape[1:]) for tensor in tensors]


class NotCovered(RuntimeError):
    """Hooks do not cover what the model did; the message names it."""


@dataclass
class Recording:
    """The losses of a batch, [B], one rule per call of a module with trained parameters, and the lowest precision.

    `lost` has the parameters of calls whose outputs have no row per example; `rows` has the modules of which an
    example has several rows, and how many. `is_whole` says that the backward pass is over.
    """

    losses: Tensor
    scale: float = 1.0
    rules: list[Rule] = field(default_factory=list)
    recorded: set[Tensor] = field(default_factory=set)
    lost: set[Tensor] = field(default_factory=set)
    rows: set[tuple[int, int]] = field(default_factory=set)
    versions: list[tuple[Tensor, int]] = field(default_factory=list)
    precision: torch.dtype = torch.float64
    is_whole: bool = False

    def products(self, direction: Mapping[Tensor, Tensor]) -> Tensor:
        """Return the contributions <grad l_n, direction>, [B], in float32 or float64."""
        with torch.no_grad(), plain(self.losses.device.type):
            total = torch.zeros_like(accumulated(self.losses))
            for rule in self.rules:
                total = total + rule.products(direction)
            return total / self.scale

    def gradients(self, weights: Tensor) -> dict[Tensor, Tensor]:
        """Return sum_n weights[n] grad l_n for each recorded parameter, in the precision of the parameter."""
        total: dict[Tensor, Tensor] = {}
        with torch.no_grad(), plain(self.losses.device.type):
            for rule in self.rules:
                for parameter, gradient in rule.gradients(accumulated(weights) / self.scale):
                    known = total.get(parameter)
                    total[parameter] = gradient if known is None else accumulated(known) + accumulated(gradient)
        return {parameter: gradient.to(parameter.dtype) for parameter, gradient in total.items()}

    def sparse(self) -> set[Tensor]:
        """Return the parameters that are used by embeddings with sparse gradients alone."""
        sparse: set[Tensor] = set()
        dense: set[Tensor] = set()
        for rule in self.rules:
            if isinstance(rule, Lookup):
                (sparse if rule.is_sparse else dense).add(rule.weight)
            elif isinstance(rule, Leaf):
                (sparse if getattr(rule.call.module, "sparse", False) else dense).update(rule.call.own.values())
            else:
                dense.update(rule.own.values() if isinstance(rule, Linear) else ())
                dense.update(rule.kept if isinstance(rule, PerExample) else ())
        return sparse - dense

    def keep(self, rule: Rule) -> None:
        """Add a rule, and note the versions of the inputs that it holds."""
        self.rules.append(rule)
        held: tuple[Any, ...] = ()
        if isinstance(rule, Leaf):
            held = rule.call.args
        elif isinstance(rule, Linear):
            held = (rule.inputs,)
        elif isinstance(rule, Lookup):
            held = (rule.indices,)
        self.versions += [(value, value._version) for value in tensors(held) if not value.is_inference()]

    def is_changed(self) -> bool:
        """Return whether an input was changed in place since then."""
        return any(value._version != version for value, version in self.versions)

    def clear(self, rows: Tensor) -> None:
        """Remove some examples, a mask [B]: their losses and all that is kept of them become 0."""
        with torch.no_grad():
            self.losses = self.losses.masked_fill(rows, 0.0)
            for rule in self.rules:
                rule.clear(rows)


class Recorder:
    """Records the calls of the modules that own trained parameters and contain no other modules."""

    def __init__(self, model: nn.Module, *, fused: float = FUSED) -> None:
        """`model` is the model without wrappers; `fused` is as FUSED, 0 for never and infinity for always."""
        self.model = model
        self.fused = fused
        self.batch: int | None = None
        self.inputs: set[int] = set()
        self.starts: list[Tensor] = []

    def record(self, losses: Callable[[], Tensor], *, scale: float = 1.0, is_checked: bool = False) -> Recording:
        """Call `losses`, which runs the model, and run the backward pass of their sum times `scale`.

        With `is_checked`, losses that depend on other tensors with gradients than the model's parameters are refused.
        """
        self.batch, self.inputs, self.starts = None, set(), []
        recording = Recording(torch.empty(0), scale)
        with self._hooked(recording):
            values = losses()
            self.batch = len(values)
            recording.losses = values.detach()
            if is_checked and (other := outside(values, self.starts)) is not None:
                raise NotCovered(f"a tensor of shape {list(other.shape)} that is no parameter of the model")
            if values.requires_grad:
                torch.autograd.backward(accumulated(values).sum() * scale)
        recording.is_whole = True
        return recording

    @contextmanager
    def _hooked(self, recording: Recording) -> Iterator[None]:
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        handles = [self.model.register_forward_pre_hook(self._begin, with_kwargs=True)]
        for module in self.model.modules():
            own: dict[str, Tensor] = {n: p for n, p in module.named_parameters(recurse=False) if p.requires_grad}
            if own and next(module.children(), None) is None:
                handles.append(module.register_forward_hook(partial(self._tap, recording, own), with_kwargs=True))
        for parameter in parameters:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in parameters:
                parameter.requires_grad_(True)
            for handle in handles:
                handle.remove()

    def _begin(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = [value for value in tensors((*args, *kwargs.values())) if value.dim() > 0]
        if self.batch is None and given:
            self.batch = len(given[0])
            self.inputs = {value.untyped_storage().data_ptr() for value in given}

    def _tap(
        self,
        recording: Recording,
        own: dict[str, Tensor],
        module: nn.Module,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        output: Any,
    ) -> Tensor | None:
        if not torch.is_grad_enabled() or not isinstance(output, Tensor):
            return None
        shared = self._is_shared(module, args, output)
        if not output.requires_grad:
            # A copy, because the model may change its own output in place, which a leaf does not allow.
            self.starts.append(output.detach().requires_grad_())
            output = self.starts[-1].clone()
        if shared and self.batch is not None:
            output = output[0] if len(output) == 1 else output
            output = output.expand(self.batch, *output.shape)
        device = output.device.type
        autocast = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
        inputs = tuple(map(detached, args))
        named = {name: detached(value) for name, value in kwargs.items()}
        call = Call(module, own, inputs, named, autocast, shared)
        output.register_hook(partial(self._keep, recording, call))
        tapped: Tensor = output
        return tapped

    def _is_shared(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> bool:
        """Return whether an output without a row per example belongs to all examples, as those of positions do."""
        if self.batch is None or self.batch == 1 or output.dim() < 2:
            return False
        if len(output) == 1:
            return True
        if not isinstance(module, nn.Embedding) or not args or args[0].dim() != 1:
            return False
        if args[0].untyped_storage().data_ptr() in self.inputs:
            return False  # data: one number per example
        counted = torch.arange(len(output), device=args[0].device)
        return len(output) % self.batch != 0 or torch.equal(args[0], counted)

    def _keep(self, recording: Recording, call: Call, slopes: Tensor) -> None:
        batch = len(recording.losses)
        if recording.is_whole:
            raise RuntimeError(
                "what the model kept of its forward pass cannot be differentiated after the call of online weights: "
                "add such a term to the losses of the examples, or use contributions='double_backward'."
            )
        if batch == 0:
            raise NotCovered("gradients that the losses compute of their own")
        if len(slopes) % batch:
            recording.lost.update(call.own.values())
            return
        with torch.no_grad(), plain(slopes.device.type):
            recording.keep(self._rule(call, slopes.detach(), batch))
        if len(slopes) != batch:
            recording.rows.add((id(call.module), len(slopes) // batch))
        recording.recorded.update(call.own.values())
        recording.precision = min(recording.precision, slopes.dtype, key=lambda kind: -torch.finfo(kind).eps)

    def _rule(self, call: Call, slopes: Tensor, batch: int) -> Rule:
        kind = type(call.module)
        rows = slopes.reshape(batch, -1, slopes.shape[-1])
        if not call.args:
            return Leaf(call, slopes, batch)
        if kind is nn.Embedding and is_plain_lookup(call.module):
            return Lookup(call, rows)
        if kind is nn.Linear and not call.shared:
            return self._linear(call, rows)
        if kind in (nn.LayerNorm, nn.RMSNorm) and not call.shared:
            return norm_rule(call, slopes, batch)
        return Leaf(call, slopes, batch)

    def _linear(self, call: Call, slopes: Tensor) -> Rule:
        """Return the pairs (a, b) of a linear layer, or the gradients of single examples where these are small."""
        inputs = call.args[0].to(slopes.dtype)
        inputs = inputs.reshape(len(slopes), -1, inputs.shape[-1])
        tokens, width, height = slopes.shape[1], inputs.shape[2], slopes.shape[2]
        if "weight" in call.own and width * height > self.fused * tokens * (width + height):
            return Linear(call, slopes, inputs)
        kept = {}
        if "weight" in call.own:
            kept[call.own["weight"]] = torch.bmm(slopes.mT, inputs)
        if "bias" in call.own:
            kept[call.own["bias"]] = slopes.sum(dim=1)
        return PerExample(kept)


def norm_rule(call: Call, slopes: Tensor, batch: int) -> PerExample:
    """Return the gradients of single examples of a LayerNorm or RMSNorm: sums of b times the normalised inputs."""
    module: Any = call.module
    normalise = functional.layer_norm if isinstance(module, nn.LayerNorm) else functional.rms_norm
    hat = normalise(call.args[0].to(slopes.dtype), module.normalized_shape, eps=module.eps)
    terms = {"weight": lambda: slopes * hat, "bias": lambda: slopes}
    return PerExample(
        {
            p: accumulated(terms[name]()).reshape(batch, -1, *module.normalized_shape).sum(dim=1)
            for name, p in call.own.items()
        }
    )


def is_linear(module: nn.Module) -> bool:
    """Return whether J V = f(a; V): LINEAR, sums of embeddings, and Conv1D of Hugging Face's transformers."""
    if isinstance(module, nn.EmbeddingBag):
        return module.mode != "max" and module.max_norm is None
    return isinstance(module, LINEAR) or type(module).__qualname__ == "Conv1D"


def is_plain_lookup(module: nn.Module) -> bool:
    """Return whether an embedding has dense gradients that no option changes."""
    embedding: Any = module
    return not (embedding.scale_grad_by_freq or embedding.max_norm is not None)


def tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    """Yield the tensors among some values, and among those of mappings, tuples and lists."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, Mapping):
            yield from tensors(value.values())
        elif isinstance(value, tuple | list):
            yield from tensors(value)


def detached(value: Any) -> Any:
    """Return a tensor without its graph, and anything else as it is."""
    return value.detach() if isinstance(value, Tensor) else value


def outside(result: Tensor, known: list[Tensor]) -> Tensor | None:
    """Return a tensor in which a result has a gradient and that is not known; None if there is none."""
    identities, seen, nodes = {id(tensor) for tensor in known}, set(), [result.grad_fn]
    while nodes:
        node: Any = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None and id(leaf) not in identities:
            found: Tensor = leaf
            return found
        nodes.extend(following for following, _ in node.next_functions)
    return None


def accumulated(tensor: Tensor) -> Tensor:
    """Return a tensor in the precision of sums: float64 stays, all others become float32."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def dot(first: Tensor, second: Tensor) -> Tensor:
    """Return the inner products of the rows, [B], summed in float32 or float64."""
    first, second = accumulated(first), accumulated(second)
    products: Tensor = torch.linalg.vecdot(first.reshape(len(first), -1), second.reshape(len(second), -1))
    return products


def scaled(slopes: Tensor, weights: Tensor) -> Tensor:
    """Return the rows times their weights, in the precision of the rows."""
    return slopes * weights.to(slopes.dtype).view(-1, *[1] * (slopes.dim() - 1))


def blank(tensor: Tensor, rows: Tensor) -> Tensor:
    """Return a tensor with 0 in some rows, a mask of its first axes."""
    return tensor.masked_fill(rows.view(*rows.shape, *[1] * (tensor.dim() - rows.dim())), 0)


def plain(device: str) -> AbstractContextManager[Any]:
    """Return a context without autocast."""
    return torch.autocast(device, enabled=False)


def is_finite(tensor: Tensor) -> bool:
    """Return whether all numbers of a tensor are finite."""
    return math.isfinite(float(accumulated(tensor).abs().sum()))
