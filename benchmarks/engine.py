"""Time and memory of the engine on the paper's perceptron, beside other ways to compute the same gradient.

    python benchmarks/engine.py [--steps T] [--examples N] ...
    python benchmarks/engine.py --memory       only the peak memory of one search

One outer iteration is a training run, its reverse pass, and a gradient step and projection of T x N weights. These
ways take turns in one process on one core, and the table shows medians of processor seconds and ratios:

- this engine;
- plain automatic differentiation through the whole loop;
- JAX through a compiled scan, if it is installed (pip install -e '.[jax]');
- the way of the public research code: per-example gradients by vmap and a second pass for the Hessian-vector product,
  timed on a few steps and scaled to T.

There are two lower bounds: reading the features twice per step (forward and backward) at the speed of a copy on this
machine, and the 8 N D operations of a step's four matrix-vector products at the speed of a large matrix product.
"""

import argparse
import importlib.util
import os
import resource
import sys
from collections.abc import Callable

import common
import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, grad, jvp, vmap
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from lawpipe.engine import adjoint, simplex, trajectory
from lawpipe.problems.perceptron.labelled import Examples
from lawpipe.problems.perceptron.losses import Perceptron
from lawpipe.search.loop import Search
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Objective

#: Steps of the public code's way that are timed.
PUBLIC_STEPS = 20

ENGINE = "this engine"
AUTOGRAD = "plain autograd through the loop"
BY_HAND = "the same with hand-written step gradients"
PROJECTION = "projection"
PUBLIC = "public code's way"
JAX = "JAX, grad through scan"


def main(argv: list[str] | None = None) -> None:
    """Run the comparison and print a table."""
    parser = common.parser(__doc__, steps=2000, examples=4096, dimension=128, desired=512, repeats=5)
    parser.add_argument("--memory", action="store_true", help="only search for two iterations and print the peak")
    options = parser.parse_args(argv)
    # Nothing else limits the threads of JAX.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    splits = common.perceptron_examples(options.examples, options.desired, options.dimension)
    problem = common.perceptron(splits)
    theta0 = (torch.rand(options.dimension, generator=torch.Generator().manual_seed(0)) - 0.5) / 8
    if options.memory:
        Search(Objective(problem, theta0, [0.1] * options.steps), MirrorDescent(), iterations=2).run()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory of one search: {peak:.0f} MB")
        return
    weights = common.uniform(options.steps, options.examples)
    ways: dict[str, Callable[[], Tensor]] = {
        ENGINE: lambda: engine(problem, theta0, weights),
        AUTOGRAD: lambda: through_the_loop(splits, theta0, weights),
        BY_HAND: lambda: through_gradients_by_hand(problem, theta0, weights),
    }
    if importlib.util.find_spec("jax") is None:
        print("JAX is not installed (pip install -e '.[jax]'), so its row is missing")
    else:
        ways[JAX] = through_scan(splits, theta0, weights)
    gradients: dict[str, Tensor] = {}
    actions: dict[str, Callable[[], object]] = {
        name: lambda way=way, name=name: gradients.__setitem__(name, way()) for name, way in ways.items()
    }
    actions[PROJECTION] = lambda: simplex.project_(torch.add(weights, gradients[ENGINE], alpha=-0.01))
    actions[PUBLIC] = lambda: public_steps(problem, theta0, weights[0], PUBLIC_STEPS)
    seconds = common.interleaved(actions, options.repeats)
    seconds[PUBLIC] *= options.steps / PUBLIC_STEPS
    report(options, seconds)
    for name in (ENGINE, JAX):
        if name in gradients:
            error = float((gradients[name] - gradients[AUTOGRAD]).norm() / gradients[AUTOGRAD].norm())
            print(f"gradient of {name} against plain autograd, float32: relative difference {error:.1e}")


def engine(problem: Perceptron, theta0: Tensor, weights: Tensor) -> Tensor:
    """Return dJ/dgamma by the engine."""
    run = trajectory.train(problem, theta0, weights, [0.1] * len(weights))
    run.objective()
    return adjoint.gradient(run)


def through_the_loop(splits: dict[str, Examples], theta0: Tensor, weights: Tensor) -> Tensor:
    """Return dJ/dgamma in the straightforward way: losses from the library, every derivative automatic.

    Each step's weights are a leaf of their own, because indexing one large leaf makes autograd quadratic in T.
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
    """Return dJ/dgamma with hand-written gradients in the engine's layout; only the reverse pass is automatic."""
    features, desired = problem._train, problem._references["desired"]
    leaves = [row.clone().requires_grad_() for row in weights]
    theta, thetas = theta0, []
    for row in leaves:
        theta = theta - 0.1 * (features @ (row * torch.sigmoid(features.T @ theta)))
        thetas.append(theta)
    losses = softplus(torch.stack(thetas) @ desired)
    return torch.stack(torch.autograd.grad(losses.mean(), leaves))


def through_scan(splits: dict[str, Examples], theta0: Tensor, weights: Tensor) -> Callable[[], Tensor]:
    """Return a function that computes dJ/dgamma by JAX, compiled and called once."""
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
    """Do some steps in the way of the public code: per-example gradients, then a separate Hessian-vector product."""
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


def report(options: argparse.Namespace, seconds: dict[str, float]) -> None:
    """Print the table."""
    size = options.steps * options.examples * options.dimension
    iteration = seconds[ENGINE] + seconds[PROJECTION]
    rows = {
        "this engine, all of it": iteration,
        "  its gradient step and projection": seconds[PROJECTION],
        AUTOGRAD: seconds[AUTOGRAD],
        BY_HAND: seconds[BY_HAND],
        f"{PUBLIC} ({PUBLIC_STEPS} steps, scaled)": seconds[PUBLIC],
        "lower bound: features read twice per step": 2 * size * 4 / common.copy_speed(),
        "lower bound: operations of the products": 8 * size / common.product_speed(),
    }
    if JAX in seconds:
        rows |= {f"{JAX}, compiled": seconds[JAX]}
    common.print_machine()
    print(f"one outer iteration: T {options.steps}, N {options.examples}, D {options.dimension}, K {options.desired}")
    print(f"{'':45}{'seconds':>9}{'this engine = 1':>18}")
    for name, value in rows.items():
        print(f"{name:45}{value:9.3f}{value / iteration:18.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
