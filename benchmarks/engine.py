"""Time and memory of the engine on the paper's perceptron, against other ways to the same gradient, in one run.

    make bench        (or: python benchmarks/engine.py [--steps T] [--examples N] ...)

One outer iteration is a training run, the reverse sweep and the projection of T x N weights. Compared, all in this
process, on one core, in turn, in processor seconds: this engine; plain automatic differentiation through the whole
loop; JAX's through a scan, compiled beforehand (if JAX is installed: pip install -e '.[jax]'); the way of the public
research code (per-example gradients materialised by vmap, a second pass for the Hessian-vector product), timed on a
few steps and scaled to T. Two floors: the time to read the features twice a step, once forward and once back, at the
speed of a copy measured here; and that of the 8 N D operations of a step's four matrix-vector products, two each way,
at the speed of a large matrix product. Prints medians and ratios; `--memory` prints the peak of one search.
"""

import argparse
import importlib.util
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, grad, jvp, vmap
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from lawpipe.compute import devices
from lawpipe.engine import adjoint, simplex, trajectory
from lawpipe.problems.perceptron import gaussian
from lawpipe.problems.perceptron.labelled import Examples
from lawpipe.problems.perceptron.losses import Perceptron
from lawpipe.run import provenance
from lawpipe.run.splits import REQUIRED
from lawpipe.search.loop import Search
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Objective

#: Steps of the public code's way that are timed.
PUBLIC_STEPS = 20


ENGINE = "this engine"
AUTOGRAD = "plain autograd through the loop"
BY_HAND = "the same, step's gradient written by hand"
PROJECTION = "projection"
PUBLIC = "public code's way"
JAX = "JAX, grad through scan"


def main(argv: list[str] | None = None) -> None:
    """Run the comparison and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {"steps": 2000, "examples": 4096, "dimension": 128, "desired": 512, "repeats": 5}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--memory", action="store_true", help="only search for two iterations and print the peak")
    options = parser.parse_args(argv)
    # JAX's own threads have no other limit.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    splits = draw(options)
    references = {name: split for name, split in splits.items() if name != "train"}
    problem = Perceptron(splits["train"], references, torch.float32, devices.device("cpu"))
    theta0 = (torch.rand(options.dimension, generator=torch.Generator().manual_seed(0)) - 0.5) / 8
    if options.memory:
        Search(Objective(problem, theta0, [0.1] * options.steps), MirrorDescent(), iterations=2).run()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory of one search: {peak:.0f} MB")
        return
    weights = torch.full((options.steps, options.examples), 1 / options.examples)
    ways: dict[str, Callable[[], Tensor]] = {
        ENGINE: lambda: engine(problem, theta0, weights),
        AUTOGRAD: lambda: through_the_loop(splits, theta0, weights),
        BY_HAND: lambda: through_gradients_by_hand(problem, theta0, weights),
    }
    if importlib.util.find_spec("jax") is None:
        print("JAX is not installed (pip install -e '.[jax]'): going on without it")
    else:
        ways[JAX] = through_scan(splits, theta0, weights)
    seconds: dict[str, list[float]] = {name: [] for name in (*ways, PROJECTION, PUBLIC)}
    gradients = {}
    for _ in range(options.repeats):
        for name, way in ways.items():
            seconds[name].append(timed(lambda way=way, name=name: gradients.__setitem__(name, way())))
        trial = torch.add(weights, gradients[ENGINE], alpha=-0.01)
        seconds[PROJECTION].append(timed(lambda trial=trial: simplex.project_(trial)))
        public = timed(lambda: public_steps(problem, theta0, weights[0], PUBLIC_STEPS))
        seconds[PUBLIC].append(public * options.steps / PUBLIC_STEPS)
    error = float((gradients[ENGINE] - gradients[AUTOGRAD]).norm() / gradients[AUTOGRAD].norm())
    report(options, {name: statistics.median(values) for name, values in seconds.items()}, error)
    if JAX in gradients:
        apart = float((gradients[JAX] - gradients[AUTOGRAD]).norm() / gradients[AUTOGRAD].norm())
        print(f"gradient of JAX against plain autograd, float32: relative difference {apart:.1e}")


def draw(options: argparse.Namespace) -> dict[str, Examples]:
    """Draw the examples of the paper's perceptron at the given size."""
    data = {
        "dimension": options.dimension,
        "train_examples": options.examples,
        "desired_examples": options.desired,
        "test_examples": options.desired,
        "train_variance": 3.0,
        "desired_mean": 0.5,
        "desired_variance": 1.0,
        "flip_fraction": 0.0,
        "duplicates": 0,
        "dependent": 0,
    }
    return gaussian.draw(data, 0, REQUIRED)


def engine(problem: Perceptron, theta0: Tensor, weights: Tensor) -> Tensor:
    """Return dJ/dgamma by the engine."""
    run = trajectory.train(problem, theta0, weights, [0.1] * len(weights))
    run.objective()
    return adjoint.gradient(run)


def through_the_loop(splits: dict[str, Examples], theta0: Tensor, weights: Tensor) -> Tensor:
    """Return dJ/dgamma as one writes it first: losses from the library, every derivative automatic.

    The weights are a leaf a step: indexing one large leaf would make autograd quadratic in T.
    """
    tensors = {
        name: (torch.from_numpy(split.features), torch.from_numpy(split.label).float())
        for name, split in splits.items()
    }
    (features, labels), (desired, desired_labels) = tensors["train"], tensors["desired"]
    leaves = [row.clone().requires_grad_() for row in weights]
    theta, losses = theta0.clone().requires_grad_(), []
    for row in leaves:
        loss = row @ binary_cross_entropy_with_logits(features @ theta, labels, reduction="none")
        (step,) = torch.autograd.grad(loss, theta, create_graph=True)
        theta = theta - 0.1 * step
        losses.append(binary_cross_entropy_with_logits(desired @ theta, desired_labels))
    return torch.stack(torch.autograd.grad(torch.stack(losses).mean(), leaves))


def through_gradients_by_hand(problem: Perceptron, theta0: Tensor, weights: Tensor) -> Tensor:
    """Return dJ/dgamma with each gradient written out, in the engine layout: only the way back is automatic."""
    features, desired = problem._train, problem._references["desired"]
    leaves = [row.clone().requires_grad_() for row in weights]
    theta, thetas = theta0, []
    for row in leaves:
        theta = theta - 0.1 * (features @ (row * torch.sigmoid(features.T @ theta)))
        thetas.append(theta)
    losses = softplus(torch.stack(thetas) @ desired)
    return torch.stack(torch.autograd.grad(losses.mean(), leaves))


def through_scan(splits: dict[str, Examples], theta0: Tensor, weights: Tensor) -> Callable[[], Tensor]:
    """Return what computes dJ/dgamma by JAX, as one writes it first there: compiled, and called once."""
    import jax
    import jax.numpy as jnp

    (features, labels), (desired, desired_labels) = (
        (jnp.asarray(splits[name].features), jnp.asarray(splits[name].label, dtype=jnp.float32))
        for name in ("train", "desired")
    )

    def losses(theta: jax.Array, inputs: jax.Array, targets: jax.Array) -> jax.Array:
        logits = inputs @ theta
        return jax.nn.softplus(logits) - targets * logits

    def step(theta: jax.Array, row: jax.Array) -> tuple[jax.Array, jax.Array]:
        theta = theta - 0.1 * jax.grad(lambda chosen: row @ losses(chosen, features, labels))(theta)
        return theta, losses(theta, desired, desired_labels).mean()

    def objective(rows: jax.Array) -> jax.Array:
        return jax.lax.scan(step, jnp.asarray(theta0.numpy()), rows)[1].mean()

    gradient = jax.jit(jax.grad(objective))
    rows = jnp.asarray(weights.numpy())
    gradient(rows).block_until_ready()
    return lambda: torch.from_numpy(np.array(gradient(rows)))


def public_steps(problem: Perceptron, theta0: Tensor, weights: Tensor, steps: int) -> Tensor:
    """Do some forward and backward steps the way of the public code: per-example gradients, then a separate HVP."""
    features = problem._train.T.contiguous()
    model = torch.nn.Linear(features.shape[1], 1, bias=False)
    parameters = {"weight": theta0.unsqueeze(0)}

    def loss(values: dict[str, Tensor], example: Tensor) -> Tensor:
        return softplus(functional_call(model, values, (example,))).squeeze()

    def weighted_gradient(values: dict[str, Tensor]) -> dict[str, Tensor]:
        return grad(lambda chosen: weights @ vmap(loss, (None, 0))(chosen, features))(values)

    direction = {"weight": torch.ones_like(parameters["weight"])}
    contributions = torch.empty(len(features))
    for _ in range(steps):
        weighted_gradient(parameters)
        single = vmap(grad(loss), (None, 0))(parameters, features)["weight"]
        contributions = single.flatten(1) @ direction["weight"].flatten()
        jvp(weighted_gradient, (parameters,), (direction,))
    return contributions


def timed(work: Callable[[], object]) -> float:
    """Return the processor seconds of one call, which other work on the machine hardly changes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def copy_speed() -> float:
    """Return the bytes a second that one thread reads and writes in a copy of 2 MiB, in cache like the features."""
    source = torch.rand(2**19)
    target = torch.empty_like(source)
    best = min(timed(lambda: [target.copy_(source) for _ in range(200)]) for _ in range(5))
    return 200 * 2 * source.nbytes / best


def product_speed() -> float:
    """Return the operations a second of one large matrix product here."""
    left, right = torch.rand(1024, 1024), torch.rand(1024, 1024)
    return 2 * 1024**3 / min(timed(lambda: torch.mm(left, right)) for _ in range(5))


def report(options: argparse.Namespace, seconds: dict[str, float], error: float) -> None:
    """Print the table."""
    size = options.steps * options.examples * options.dimension
    iteration = seconds[ENGINE] + seconds[PROJECTION]
    rows = {
        "this engine, projection included": iteration,
        "  of which projection": seconds[PROJECTION],
        AUTOGRAD: seconds[AUTOGRAD],
        BY_HAND: seconds[BY_HAND],
        f"{PUBLIC} ({PUBLIC_STEPS} steps, scaled)": seconds[PUBLIC],
        "floor: features read once a step each way": 2 * size * 4 / copy_speed(),
        "floor: operations of a step's products": 8 * size / product_speed(),
    }
    if JAX in seconds:
        rows |= {f"{JAX}, compiled": seconds[JAX]}
    print(json.dumps(provenance.hardware() | provenance.versions()))
    print(f"one outer iteration: T {options.steps}, N {options.examples}, D {options.dimension}, K {options.desired}")
    print(f"{'':45}{'seconds':>9}{'this engine = 1':>18}")
    for name, value in rows.items():
        print(f"{name:45}{value:9.3f}{value / iteration:18.2f}")
    print(f"gradient of this engine against plain autograd, float32: relative difference {error:.1e}")


if __name__ == "__main__":
    main(sys.argv[1:])
