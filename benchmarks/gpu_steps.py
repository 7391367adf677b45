"""Measurements of single steps for benchmarks/gpu.py: errors on small cases, speeds of the GPU, times and memory."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from language_model import by_public_way
from torch import Tensor

from lawpipe.compute import matmul
from lawpipe.cost.flops import LEAST, Size
from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.checkpoints import Budget
from lawpipe.problems.language_model.losses import LanguageModel
from lawpipe.problems.language_model.models import cross_entropy
from lawpipe.problems.language_model.models.transformer import Transformer

#: The largest allowed relative error by the precision of the products. Rounding moves a few ReLUs of a small case
#: across their kinks, where derivatives jump.
ALLOWED = {"float64": 1e-11, "float32": 2e-5, "tf32": 6e-2, "bfloat16": 2e-1}

#: Examples that the public code processes together.
PUBLIC_BATCH = 512

#: The compared numbers of logits per chunk: those that fit the second-level cache of a GPU, and larger ones.
CHUNKS = (2**22, 2**23, 2**25, 2**28)

#: The checked ways to compute a step and a run, each with every precision.
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "captured": {"graphs": True},
    "kernels": {"kernels": True},
    "kernels, captured": {"kernels": True, "graphs": True},
    "parameters on the host": {"budget": Budget(0, 2**30)},
    "parameters computed again": {"budget": Budget(0)},
}

Rows = list[dict[str, Any]]


def draw(
    size: Size, heads: int, precision: str, device: torch.device, **options: Any
) -> tuple[LanguageModel, Tensor]:
    """Return a problem of some size on random tokens, and its initial parameters."""
    generator = np.random.default_rng(0)
    model = Transformer(size.vocabulary, size.length, size.hidden, size.layers, heads)
    counts = {"train": size.examples, "desired": size.desired, "test": size.test}
    windows = {
        name: generator.integers(2, size.vocabulary, (count, size.length + 1)) for name, count in counts.items()
    }
    dtype = torch.float64 if precision == "float64" else torch.float32
    values = [torch.from_numpy(value).flatten() for value in model.initialise(generator).values()]
    problem = LanguageModel(model, windows.pop("train"), windows, dtype, device, precision=precision, **options)
    return problem, torch.cat(values).to(device, dtype)


@contextmanager
def kernels(used: bool | None) -> Iterator[None]:
    """Use the kernels of the head (True), do not (False), or let the engine choose (None)."""
    before, cross_entropy.FUSED = cross_entropy.FUSED, used
    try:
        yield
    finally:
        cross_entropy.FUSED = before


def error(value: Tensor, expected: Tensor) -> float:
    """Return |found - expected| / |expected|; NaN fails every check."""
    return float((value.detach().cpu().double() - expected).norm() / expected.norm())


def check(device: torch.device, precisions: Sequence[str]) -> Rows:
    """Compare every way to compute a step and a whole gradient with float64 on the CPU, on fresh small cases."""
    rows = []
    size, heads = Size(4, 16, 5, 4, 200, 8, 16, 2), 4
    exact, theta = draw(size, heads, "float64", torch.device("cpu"))
    generator = torch.Generator().manual_seed(time.time_ns() % 2**31)
    weights = torch.rand(size.steps, size.examples, generator=generator, dtype=torch.float64)
    weights = weights * (weights > 0.2)
    weights /= weights.sum(dim=1, keepdim=True)
    direction = torch.randn(len(theta), generator=generator, dtype=torch.float64)
    expected = _found(exact, theta, weights, direction, Budget(2**30))
    compiled = cross_entropy._installed() and device.type == "cuda"
    for precision in precisions:
        for name, way in WAYS.items():
            if way.get("kernels") and (not compiled or precision not in matmul.ROUNDED):
                continue
            batch = size.examples // 2 * size.length
            problem, _ = draw(size, heads, precision, device, graphs=way.get("graphs", False), micro_batch=batch)
            given = [tensor.to(device, problem.dtype) for tensor in (theta, weights, direction)]
            with kernels(way.get("kernels", False)):
                products = _found(problem, *given, way.get("budget", Budget(2**30)))
            errors = {key: error(value, expected[key]) for key, value in products.items()}
            right = all(value <= ALLOWED[precision] for value in errors.values())
            rows.append({"precision": precision, "way": name} | errors | {"right": right})
    return rows


def _found(
    problem: LanguageModel, theta: Tensor, weights: Tensor, direction: Tensor, budget: Budget
) -> dict[str, Tensor]:
    """Return a step's products and the gradient of a whole run."""
    contributions, product = problem.adjoint_product(theta, weights[0], direction)
    run = trajectory.train(problem, theta, weights, [0.3] * len(weights), budget)
    return {
        "contributions": contributions,
        "hessian_product": product,
        "weighted_gradient": problem.weighted_gradient(theta, weights[0]),
        "gradient": adjoint.gradient(run),
    }


def rounding_errors(size: Size, heads: int, device: torch.device, precisions: Sequence[str]) -> Rows:
    """Return the relative errors of a step of the full model against float64 on the same device, by precision."""
    some = Size(1, min(64, size.examples), 8, 8, size.vocabulary, size.length, size.hidden, size.layers)
    exact, theta = draw(some, heads, "float64", device)
    weights = torch.full((some.examples,), 1 / some.examples, dtype=torch.float64, device=device)
    direction = exact.reference_gradients("desired", theta.unsqueeze(0))[0]
    expected = [value.cpu() for value in exact.adjoint_product(theta, weights, direction)]
    rows = []
    for precision in precisions:
        problem, _ = draw(some, heads, precision, device)
        products = problem.adjoint_product(*(tensor.to(problem.dtype) for tensor in (theta, weights, direction)))
        contributions, product = (error(*pair) for pair in zip(products, expected, strict=True))
        rows.append({"precision": precision, "contributions": contributions, "hessian_product": product})
    return rows


def seconds(action: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Return the median wall seconds of an action, after one call as a warm-up."""
    taken = []
    for _ in range(repeats + 1):
        synchronize(device)
        started = time.perf_counter()
        action()
        synchronize(device)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def synchronize(device: torch.device) -> None:
    """Wait until a GPU has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def forget_peak(device: torch.device) -> None:
    """Reset the peak memory of a GPU."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak(device: torch.device) -> float | None:
    """Return the peak memory of a GPU, MB; None for a CPU."""
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None


def ceilings(device: torch.device, width: int) -> dict[str, float]:
    """Return operations per second of large random products, by precision, and bytes per second of a copy."""
    a, b = (torch.randn(width, width, device=device) for _ in range(2))
    rates = {}
    for precision in ("float32", *matmul.ROUNDED):
        # On a CPU rounding is emulated, so its speed means nothing.
        if precision == "float32" or device.type == "cuda":
            left, right = (a.bfloat16(), b.bfloat16()) if precision == "bfloat16" else (a, b)
            with matmul.rounding(precision if precision == "tf32" else "float32", device):
                rates[precision] = 2 * width**3 / seconds(lambda x=left, y=right: x @ y, device, 10)
    source = torch.randn(32 * width**2, device=device)
    target = torch.empty_like(source)
    rates["copy"] = 2 * source.nbytes / seconds(lambda: target.copy_(source), device, 10)
    return rates


def step(size: Size, heads: int, device: torch.device, ceiling: dict[str, float], repeats: int, **way: Any) -> Rows:
    """Time a forward and a backward step of all examples, computed in one way, with their share of the ceiling.

    `way` holds `precision`, and optionally `kernels`, `graphs`, `micro_batch` (tokens) and `chunk` (logits).
    """
    fused, chunk = way.get("kernels"), way.get("chunk")
    before = cross_entropy.CHUNK[device.type]
    cross_entropy.CHUNK[device.type] = chunk or before
    try:
        problem, theta = draw(
            size, heads, way["precision"], device, graphs=way.get("graphs", False), micro_batch=way.get("micro_batch")
        )
        direction = torch.randn(len(theta), device=device, dtype=theta.dtype)
        weights = torch.full((size.examples,), 1 / size.examples, device=device, dtype=theta.dtype)
        passes = {
            "forward": (lambda: problem.weighted_gradient(theta, weights), "gradient"),
            "backward": (lambda: problem.adjoint_product(theta, weights, direction), "second"),
        }
        rows = []
        for name, (action, work) in passes.items():
            forget_peak(device)
            with kernels(fused):
                taken = seconds(action, device, repeats)
            rate = size.examples * size.operations(LEAST[work]) / taken
            most = ceiling.get(way["precision"])
            rows.append(
                {
                    **{"steps": size.steps, "examples": size.examples, "vocabulary": size.vocabulary},
                    **{"pass": name, "rows_a_micro_batch": problem._rows, "seconds": taken},
                    **{"tflop_per_second": rate / 1e12, "share_of_ceiling": rate / most if most else None},
                    "peak_mb": peak(device),
                    **way,
                }
            )
        return rows
    finally:
        cross_entropy.CHUNK[device.type] = before


def public_step(size: Size, heads: int, device: torch.device, repeats: int) -> dict[str, Any]:
    """Time a backward step in the way of the public code with its batch size, scaled to all examples."""
    batch = min(PUBLIC_BATCH, size.examples)
    some = Size(1, batch, 8, 8, size.vocabulary, size.length, size.hidden, size.layers)
    problem, theta = draw(some, heads, "float32", device)
    weights = torch.full((batch,), 1 / batch, device=device)
    direction = torch.randn(len(theta), device=device)
    forget_peak(device)
    taken = seconds(lambda: by_public_way(problem, theta, weights, direction), device, repeats)
    return {
        "examples": size.examples,
        "vocabulary": size.vocabulary,
        "batch": batch,
        "seconds": taken * size.examples / batch,
        "peak_mb": peak(device),
    }
