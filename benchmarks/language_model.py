"""Time and memory of the engine on language models, beside other ways to compute the same derivatives.

    python benchmarks/language_model.py [SIZE ...]        default, small and paper, by default all

Per size, on one thread and in turn, the median time of

- a gradient of the weighted loss of all examples;
- a backward step: all contributions along the adjoint and the Hessian-vector product;

by this engine (compiled loops), by the engine with PyTorch's operations and hand-written second derivatives, by plain
double backward with the library's operations, by JAX (compiled; forward-over-reverse for the step), if it is
installed (pip install -e '.[jax]'), and by the way of the public research code (per-example gradients by vmap, the
Hessian-vector product in a second, forward-over-reverse pass). Plain double backward is also shown with its matrix
products at the speed of the fastest library: its time less what that saves.

The lower bound is the time of the matrix products, those of 3 forward passes for a gradient and of 8 for a backward
step (1 forward, 1 back to the activations, 2 for their tangents and 4 for the second derivative), each at the speed
of the fastest library for its shape: MKL (PyTorch), oneDNN, or OpenBLAS (NumPy). Working memory is the increase of
resident memory, in one process per way.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping

import common
import numpy as np
import torch
from torch import Tensor
from torch.func import grad, jvp, vmap
from torch.nn.functional import cross_entropy, embedding

from lawpipe.compute import devices
from lawpipe.problems.language_model.losses import LanguageModel
from lawpipe.problems.language_model.models.transformer import Transformer

ENGINE = "this engine"
OPERATIONS = "the engine by operations"
DOUBLE = "plain double backward"
FASTER = "  with the fastest products"
PUBLIC = "public code's way"
JAX = "JAX, compiled"

#: N, K, V, L, H, heads of the default config's stories, of the small experiment, and of the paper's model.
SIZES = {
    "default": {"examples": 128, "desired": 256, "vocabulary": 320, "length": 32, "hidden": 32, "heads": 4},
    "small": {"examples": 256, "desired": 64, "vocabulary": 512, "length": 32, "hidden": 32, "heads": 8},
    "paper": {"examples": 64, "desired": 8, "vocabulary": 5000, "length": 64, "hidden": 128, "heads": 8},
}

Product = tuple[Tensor, Tensor]


def main(argv: list[str] | None = None) -> None:
    """Run the comparisons and print a table for each size."""
    parser = common.parser(__doc__, repeats=7)
    parser.add_argument("sizes", nargs="*", default=[*SIZES], metavar="SIZE")
    parser.add_argument("--memory", help="only print the working memory of a backward step in this way")
    options = parser.parse_args(argv)
    # Nothing else limits the threads of JAX.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if options.memory:
        problem, theta, direction = draw(SIZES[options.sizes[0]], loops=options.memory != OPERATIONS)
        weights = torch.full((problem.examples,), 1 / problem.examples)
        step = STEPS[options.memory]
        print(json.dumps(common.working_memory(lambda: step(problem, theta, weights, direction))))
        return
    common.print_machine()
    if importlib.util.find_spec("jax") is None:
        print("JAX is not installed (pip install -e '.[jax]'), so its rows are missing")
    for size in options.sizes:
        report(size, options.repeats)


def draw(sizes: Mapping[str, int], *, loops: bool = True) -> tuple[LanguageModel, Tensor, Tensor]:
    """Return a problem on random tokens, its initial parameters and a direction."""
    generator = np.random.default_rng(0)
    model = Transformer(sizes["vocabulary"], sizes["length"], sizes["hidden"], 2, sizes["heads"])
    train, desired = (
        generator.integers(2, sizes["vocabulary"], (sizes[kind], sizes["length"] + 1))
        for kind in ("examples", "desired")
    )
    problem = LanguageModel(model, train, {"desired": desired}, torch.float32, devices.device("cpu"))
    if not loops:
        problem._loops = None
    values = model.initialise(generator).values()
    theta = torch.cat([torch.from_numpy(value).float().flatten() for value in values])
    direction = problem.reference_gradients("desired", theta.unsqueeze(0))[0]
    return problem, theta, direction


def by_engine(problem: LanguageModel, theta: Tensor, weights: Tensor, direction: Tensor) -> Product:
    """Do a backward step by the engine."""
    return problem.adjoint_product(theta, weights, direction)


def by_double_backward(problem: LanguageModel, theta: Tensor, weights: Tensor, direction: Tensor) -> Product:
    """Do a backward step by automatic double differentiation of the library's operations, all examples at once."""
    leaf, scale = theta.clone().requires_grad_(), weights.clone().requires_grad_()
    total = plain_losses(problem, problem._named(leaf), problem._train.tokens) @ scale
    (slope,) = torch.autograd.grad(total, leaf, create_graph=True)
    product, contributions = torch.autograd.grad(slope @ direction, (leaf, scale))
    return contributions, product


def by_public_way(problem: LanguageModel, theta: Tensor, weights: Tensor, direction: Tensor) -> Product:
    """Do a backward step the way of the public code."""
    tokens = problem._train.tokens

    def one(values: Tensor, example: Tensor) -> Tensor:
        return plain_losses(problem, problem._named(values), example.unsqueeze(0))[0]

    def total(values: Tensor) -> Tensor:
        return plain_losses(problem, problem._named(values), tokens) @ weights

    single = vmap(grad(one), (None, 0))(theta, tokens)
    contributions = single @ direction
    del single
    _, product = jvp(grad(total), (theta,), (direction,))
    return contributions, product


STEPS: dict[str, Callable[[LanguageModel, Tensor, Tensor, Tensor], Product]] = {
    ENGINE: by_engine,
    OPERATIONS: by_engine,
    DOUBLE: by_double_backward,
    PUBLIC: by_public_way,
}


def plain_gradient(problem: LanguageModel, theta: Tensor, weights: Tensor) -> Tensor:
    """Return the gradient of the weighted loss by the library's operations."""
    leaf = theta.clone().requires_grad_()
    losses = plain_losses(problem, problem._named(leaf), problem._train.tokens)
    return torch.autograd.grad(losses @ weights, leaf)[0]


def plain_losses(problem: LanguageModel, parameters: Mapping[str, Tensor], tokens: Tensor) -> Tensor:
    """Return the losses of windows without pads, [B], written with the library's operations."""
    model = problem.model
    assert isinstance(model, Transformer)
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    batch, length = inputs.shape
    size = model.hidden_size

    def norm(x: Tensor, name: str) -> Tensor:
        root = x.square().mean(dim=-1, keepdim=True).sqrt()
        return x / (root + 1e-8) * parameters[f"{name}.scale"] + parameters[f"{name}.shift"]

    mask = torch.full((length, length), -torch.inf, device=tokens.device).triu(1)
    x = embedding(inputs, parameters["tokens"]) + parameters["positions"]
    for layer in range(model.layers):
        qkv = norm(x, f"{layer}.attention_norm") @ parameters[f"{layer}.attention.in"].T
        q, k, v = qkv.view(batch, length, 3, model.heads, size // model.heads).permute(2, 0, 3, 1, 4)
        attention = torch.softmax(q @ k.mT * size**-0.5 + mask, dim=-1)
        y = (attention @ v).transpose(1, 2).reshape(batch, length, size)
        x = x + y @ parameters[f"{layer}.attention.out"].T
        y = norm(x, f"{layer}.forward_norm") @ parameters[f"{layer}.forward.in"].T
        x = x + torch.relu(y) @ parameters[f"{layer}.forward.out"].T
    logits = norm(x, "norm") @ parameters["head"].T
    return cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(batch, length).mean(dim=1)


def by_jax(
    problem: LanguageModel, theta: Tensor, weights: Tensor, direction: Tensor
) -> tuple[Callable[[], Tensor], Callable[[], Product]]:
    """Return functions that compute the gradient and the backward step by JAX, compiled and called once."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_platforms", "cpu")
    model = problem.model
    assert isinstance(model, Transformer)
    tokens = jnp.asarray(problem._train.tokens.numpy())
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    (batch, length), size = inputs.shape, model.hidden_size
    splits = np.cumsum(problem._sizes)[:-1].tolist()

    def losses(values: jax.Array) -> jax.Array:
        parts = jnp.split(values, splits)
        p = {name: part.reshape(shape) for (name, shape), part in zip(model.shapes.items(), parts, strict=True)}

        def norm(x: jax.Array, name: str) -> jax.Array:
            root = jnp.sqrt(jnp.square(x).mean(axis=-1, keepdims=True))
            return x / (root + 1e-8) * p[f"{name}.scale"] + p[f"{name}.shift"]

        mask = jnp.triu(jnp.full((length, length), -jnp.inf), 1)
        x = p["tokens"][inputs] + p["positions"]
        for layer in range(model.layers):
            qkv = norm(x, f"{layer}.attention_norm") @ p[f"{layer}.attention.in"].T
            shaped = qkv.reshape(batch, length, 3, model.heads, size // model.heads)
            q, k, v = shaped.transpose(2, 0, 3, 1, 4)
            attention = jax.nn.softmax(q @ k.swapaxes(-1, -2) * size**-0.5 + mask, axis=-1)
            y = (attention @ v).transpose(0, 2, 1, 3).reshape(batch, length, size)
            x = x + y @ p[f"{layer}.attention.out"].T
            y = norm(x, f"{layer}.forward_norm") @ p[f"{layer}.forward.in"].T
            x = x + jax.nn.relu(y) @ p[f"{layer}.forward.out"].T
        logs = jax.nn.log_softmax(norm(x, "norm") @ p["head"].T)
        return -jnp.take_along_axis(logs, targets[..., None], axis=-1)[..., 0].mean(axis=1)

    def total(values: jax.Array, scale: jax.Array) -> jax.Array:
        return losses(values) @ scale

    gradient = jax.jit(jax.grad(total))

    @jax.jit
    def step(values: jax.Array, scale: jax.Array, along: jax.Array) -> tuple[jax.Array, jax.Array]:
        _, (product, contributions) = jax.jvp(
            jax.grad(total, (0, 1)), (values, scale), (along, jnp.zeros_like(scale))
        )
        return contributions, product

    arrays = [jnp.asarray(tensor.numpy()) for tensor in (theta, weights, direction)]

    def numbers(result: jax.Array) -> Tensor:
        return torch.from_numpy(np.array(result))

    def backward_step() -> Product:
        contributions, product = step(*arrays)
        return numbers(contributions), numbers(product)

    backward_step()
    return lambda: numbers(gradient(*arrays[:2])), backward_step


def fastest(action: Callable[[], object]) -> float:
    """Return the shortest of some times of an action, seconds."""
    return min(common.timed(action) for _ in range(20))


def forward_products(sizes: Mapping[str, int]) -> tuple[float, float]:
    """Return the seconds of the matrix products of one forward pass: by PyTorch, and by the fastest library each."""
    tokens, hidden = sizes["examples"] * sizes["length"], sizes["hidden"]
    x = torch.randn(min(tokens, 512), hidden)
    pytorch, best = 0.0, 0.0
    for out, times in ((sizes["vocabulary"], 1), (3 * hidden, 2), (hidden, 2), (4 * hidden, 4)):
        weight, result = torch.randn(out, hidden), torch.empty(len(x), out)
        arrays = (x.numpy(), weight.numpy().T)
        seconds = [
            fastest(lambda weight=weight, result=result: torch.mm(x, weight.T, out=result)),
            fastest(lambda weight=weight: torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")),
            fastest(lambda arrays=arrays, result=result: np.matmul(*arrays, out=result.numpy())),
        ]
        pytorch += seconds[0] * times * tokens / len(x)
        best += min(seconds) * times * tokens / len(x)
    q = torch.randn(sizes["examples"] * sizes["heads"], hidden // sizes["heads"], sizes["length"])
    scores = torch.empty(len(q), sizes["length"], sizes["length"])
    attention = 4 * fastest(lambda: torch.bmm(q.mT, q, out=scores))
    return pytorch + attention, best + attention


def report(size: str, repeats: int) -> None:
    """Print the table of a size."""
    sizes = SIZES[size]
    problem, theta, direction = draw(sizes)
    operations, _, _ = draw(sizes, loops=False)
    weights = torch.full((problem.examples,), 1 / problem.examples)
    gradients: dict[str, Callable[[], Tensor]] = {
        ENGINE: lambda: problem.weighted_gradient(theta, weights),
        OPERATIONS: lambda: operations.weighted_gradient(theta, weights),
        DOUBLE: lambda: plain_gradient(problem, theta, weights),
    }
    steps: dict[str, Callable[[], Product]] = {
        name: lambda way=way, name=name: way(operations if name == OPERATIONS else problem, theta, weights, direction)
        for name, way in STEPS.items()
    }
    if importlib.util.find_spec("jax") is not None:
        gradients[JAX], steps[JAX] = by_jax(problem, theta, weights, direction)
    results = {name: action() for name, action in steps.items()}
    slow = steps.pop(PUBLIC)
    first = common.interleaved(gradients, repeats)
    second = common.interleaved(steps, repeats)
    second[PUBLIC] = common.timed(slow)
    pytorch, best = forward_products(sizes)
    first[FASTER], second[FASTER] = first[DOUBLE] - 3 * (pytorch - best), second[DOUBLE] - 8 * (pytorch - best)
    print(
        f"\n{size}: {problem.parameters:,} parameters, N {sizes['examples']}, L {sizes['length']}, "
        f"V {sizes['vocabulary']}, H {sizes['hidden']}, one thread"
    )
    print(
        f"{'':<28}{'gradient, ms':>13}{'engine /':>10}{'/ bound':>9}{'step, ms':>12}{'engine /':>10}{'/ bound':>9}"
        f"{'MB':>7}{'difference':>12}"
    )
    for name in (ENGINE, OPERATIONS, DOUBLE, FASTER, JAX, PUBLIC):
        if name not in second:
            continue
        cells = columns(first, name, 3 * best, 13) + columns(second, name, 8 * best, 12)
        print(f"{name:<28}{cells}{memory(size, name)}{difference(results, name)}")
    print(f"{'lower bound':<28}{3e3 * best:>13.1f}{'':>19}{8e3 * best:>12.1f}")


def columns(seconds: Mapping[str, float], name: str, bound: float, width: int) -> str:
    """Return the columns of one kind of work: milliseconds, the engine's share of them, their ratio to the bound."""
    if name not in seconds:
        return f"{'-':>{width}}{'-':>10}{'-':>9}"
    value = seconds[name]
    return f"{1e3 * value:>{width}.1f}{seconds[ENGINE] / value:>10.2f}{value / bound:>9.2f}"


def memory(size: str, name: str) -> str:
    """Return the working memory of a backward step, MB, measured in a process of its own."""
    if name not in STEPS:
        return f"{'-':>7}"
    command = [sys.executable, __file__, size, "--memory", name]
    measured = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{json.loads(measured.stdout):>7.0f}"


def difference(results: Mapping[str, Product], name: str) -> str:
    """Return the largest relative difference of a backward step from plain double backward."""
    if name not in results:
        return f"{'-':>12}"
    pairs = zip(results[name], results[DOUBLE], strict=True)
    return f"{max(float((value - other).norm() / other.norm()) for value, other in pairs):>12.1e}"


if __name__ == "__main__":
    main()
