"""A check of the contributions for a model, losses and batch of the user's, in the user's precision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lawpipe.online import arguments
from lawpipe.online.contributions import Contributions, Losses
from lawpipe.online.hooks import accumulated, is_finite
from lawpipe.online.models import RngState, kept_buffers, listed, unwrapped
from lawpipe.online.ways import ROUNDING, ByHooks, Subject, chosen, fallen_back

#: Examples whose gradients are computed one at a time.
EXAMPLES = 8

#: What may have one entry per example.
_PARTS = (Tensor, np.ndarray, list, tuple, Mapping)


@dataclass(frozen=True)
class Check:
    """The result of `check`; `verdict` says it in words.

    `error` is the largest difference from exact contributions, and `alone` that between an example alone and within
    its batch, both relative to the largest contribution; `alone` is None if it cannot be told. `rank` is Spearman's
    correlation with the exact contributions.
    """

    verdict: str
    ok: bool
    way: str
    error: float
    rank: float
    alone: float | None
    missed: tuple[str, ...]

    def __str__(self) -> str:
        return self.verdict


def check(
    model: nn.Module,
    losses: Losses,
    batch: Any,
    *,
    contributions: str | Contributions = "hooks",
    examples: int = EXAMPLES,
    padded: Any = None,
) -> Check:
    """Compare the contributions of a batch with exact ones, along its own mean gradient.

    `batch` is a tensor, or a mapping or tuple of tensors, arrays and lists; of any other batch, single examples are
    not tried alone.

    Exact contributions are the products of gradients of single examples, computed one after the other in the
    precision in force, so call this under the autocast of your loop. The loss and contribution of an example must not
    change when it is alone; `padded` may be the same batch with more padding, under which they must not change
    either. Neither the model nor random numbers change; dropout is left as it is.
    """
    arguments.settings(model, losses, None, {}, {}, 1.0)
    if examples < 1:
        raise ValueError(f"examples must be a whole number of at least 1, not {examples!r}.")
    subject = Subject(model, losses, unwrapped(model))
    way = chosen(subject, contributions)
    missed = way.missed(batch) if isinstance(way, ByHooks) else None
    if missed:
        way = fallen_back(subject, missed)
    random = RngState(subject.device())

    def measured(data: Any) -> tuple[Tensor, Tensor]:
        with random.replayed(), kept_buffers(subject.plain):
            result = way.measure(data, direction)
        return accumulated(result.losses.detach()), result.contributions

    with random.replayed():
        direction = way.gradient(batch)
        is_random = random.has_moved()
    values, products = measured(batch)
    _refuse_unbounded(values, products, direction)
    count = min(examples, len(values))
    with random.replayed(), kept_buffers(subject.plain):
        exact = _exact(subject, batch, direction, count)
    error, rank = _relative(products[:count].double(), exact), spearman(products[:count], exact)
    alone = None
    if isinstance(batch, Tensor | Mapping | tuple | list) and not is_random:
        alone = _alone(batch, measured, values[:count], products[:count], len(values))
    if padded is not None:
        loss, product = measured(padded)
        if len(loss) != len(values):
            raise ValueError(f"padded must have the {len(values)} examples of batch, but has {len(loss)}.")
        alone = max(alone or 0.0, _relative(loss, values), _relative(product, products))
    name = contributions if isinstance(contributions, str) else contributions.__name__
    precision = subject.precision()
    if isinstance(way, ByHooks) and way.precision is not None:
        precision = min(precision, way.precision, key=lambda kind: -torch.finfo(kind).eps)
    return _judged(precision, "double_backward" if missed else name, error, rank, alone, tuple(missed or ()))


def spearman(first: Tensor, second: Tensor) -> float:
    """Return the rank correlation of two lists of numbers."""
    if len(first) < 2:
        return 1.0
    ranks = torch.stack([values.argsort().argsort().double() for values in (first, second)])
    return float(torch.corrcoef(ranks)[0, 1])


def _exact(subject: Subject, batch: Any, direction: Mapping[str, Tensor], count: int) -> Tensor:
    parameters = subject.trained()
    values = arguments.graph(subject.of(batch))
    products = []
    for value in values[:count]:
        gradients = torch.autograd.grad(value, list(parameters.values()), retain_graph=True, materialize_grads=True)
        pairs = zip(gradients, direction.values(), strict=True)
        products.append(sum(float((g.double() * d.double()).sum()) for g, d in pairs))
    return torch.tensor(products, dtype=torch.float64)


def _relative(values: Tensor, exact: Tensor) -> float:
    """Return the largest difference, relative to the largest number."""
    size = float(exact.abs().max())
    return float((values.cpu().double() - exact.cpu().double()).abs().max()) / size if size > 0 else 0.0


def _alone(
    batch: Any, measured: Callable[[Any], tuple[Tensor, Tensor]], values: Tensor, products: Tensor, count: int
) -> float | None:
    """Return how far the losses and contributions of examples are from those alone, or beside a single other one.

    Beside another one where the model takes no single example, as with BatchNorm; None if the batch cannot be cut.
    """
    for size in (1, 2) if count > 2 else (1,):
        tried = min(len(values), count - size + 1)
        try:
            cut = [measured(_slice(batch, slice(index, index + size), count)) for index in range(tried)]
        except Exception:
            continue
        if all(len(loss) == size for loss, _ in cut):
            losses, contributions = (torch.stack([pair[part][0] for pair in cut]) for part in (0, 1))
            return max(_relative(losses, values[:tried]), _relative(contributions, products[:tried]))
    return None


def _slice(batch: Any, rows: slice, count: int) -> Any:
    """Return some examples of a batch: of what has one entry per example, their entries, and all else as it is."""
    if isinstance(batch, Mapping):
        return {name: _slice(value, rows, count) for name, value in batch.items()}
    if isinstance(batch, tuple | list) and any(isinstance(part, _PARTS) for part in batch):
        parts = [_slice(part, rows, count) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    is_cut = isinstance(batch, _PARTS) and getattr(batch, "ndim", 1) > 0 and len(batch) == count
    return batch[rows] if is_cut else batch


def _refuse_unbounded(values: Tensor, products: Tensor, direction: Mapping[str, Tensor]) -> None:
    """Refuse a batch of which a loss or gradient is not finite, because nothing can be said then."""
    if not bool(values.isfinite().all() & products.isfinite().all()) or not all(map(is_finite, direction.values())):
        raise ValueError("batch: the check needs examples whose losses and gradients are finite.")


def _judged(
    kind: torch.dtype, way: str, error: float, rank: float, alone: float | None, missed: tuple[str, ...]
) -> Check:
    precision, rounding = str(kind).removeprefix("torch."), ROUNDING[kind]
    agrees, independent = error <= rounding, alone is None or alone <= rounding
    text = (
        f"contributions by {way} {'agree' if agrees else 'DISAGREE'} with exact ones in {precision}: "
        f"largest error {error:.1e} of the largest, rank correlation {rank:.4f}"
    )
    if alone is None:
        text += "; whether an example depends on the others of its batch was not tested"
    elif independent:
        text += "; an example has the same alone as in its batch"
    else:
        text += f"; but an example CHANGES with its batch or its padding, by {alone:.1e} of the largest"
    if missed:
        text += f"; hooks do not cover {listed(list(missed))}"
    ok = agrees and independent
    return Check(f"{'good' if ok else 'bad'}: {text}.", ok, way, error, rank, alone, missed)
