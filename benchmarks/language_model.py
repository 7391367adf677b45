"""Time and memory of the engine on language models, beside other ways to compute the same derivatives.

    python benchmarks/language_model.py             a backward step at the paper's model size, 64 examples python
    benchmarks/language_model.py --small     a gradient evaluation (T steps forward and backward) of a small model

A backward step computes all contributions along the adjoint and the Hessian-vector product. On one thread and in
turn: this engine; plain double backward with the library's operations; the way of the public research code
(per-example gradients by vmap, the Hessian-vector product in a second, forward-over-reverse pass).

The lower bound is the time of the matrix products at the speed of this model's own products on this machine: those of
8 forward passes for a backward step (1 forward, 1 back to the activations, 2 for their tangents and 4 for the second
derivative), of 3 for a gradient. Working memory is the increase of resident memory, in one process per way. `--small`
times a few steps and scales them to T.
"""

import argparse
import json
import subprocess
import sys
import time
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
DOUBLE = "plain double backward"
PUBLIC = "public code's way"

#: Steps of the small experiment that are timed.
SMALL_STEPS = 3

Product = tuple[Tensor, Tensor]


def main(argv: list[str] | None = None) -> None:
    """Run a comparison and print its table."""
    parser = common.parser(__doc__)
    parser.add_argument("--small", action="store_true", help="the small experiment")
    for name in ("examples", "desired", "vocabulary", "length", "hidden", "heads", "steps", "repeats"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--memory", choices=(ENGINE, DOUBLE, PUBLIC), help="only print the working memory of a way")
    options = parser.parse_args(argv)
    paper = {"examples": 64, "desired": 8, "vocabulary": 5000, "length": 64, "hidden": 128, "heads": 8}
    small = {"examples": 256, "desired": 64, "vocabulary": 512, "length": 32, "hidden": 32, "heads": 8}
    for name, value in ((small if options.small else paper) | {"steps": 150, "repeats": 3}).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    problem, theta, direction = draw(options)
    weights = torch.full((options.examples,), 1 / options.examples)
    if options.memory:
        print(json.dumps(common.working_memory(lambda: WAYS[options.memory](problem, theta, weights, direction))))
    elif options.small:
        report_small(options, problem, theta, weights, direction)
    else:
        report_step(options, problem, theta, weights, direction)


def draw(options: argparse.Namespace) -> tuple[LanguageModel, Tensor, Tensor]:
    """Return a problem on random tokens, its initial parameters and a direction."""
    generator = np.random.default_rng(0)
    model = Transformer(options.vocabulary, options.length, options.hidden, 2, options.heads)
    train, desired = (
        generator.integers(2, options.vocabulary, (count, options.length + 1))
        for count in (options.examples, options.desired)
    )
    problem = LanguageModel(model, train, {"desired": desired}, torch.float32, devices.device("cpu"))
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


WAYS: dict[str, Callable[[LanguageModel, Tensor, Tensor, Tensor], Product]] = {
    ENGINE: by_engine,
    DOUBLE: by_double_backward,
    PUBLIC: by_public_way,
}


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


def wall(action: Callable[[], object]) -> float:
    """Return the wall seconds of an action."""
    return common.timed(action, time.perf_counter)


def forward_products(options: argparse.Namespace) -> float:
    """Return the seconds of the matrix products of one forward pass, each at the speed measured on this machine."""
    tokens, size = options.examples * options.length, options.hidden
    x = torch.randn(min(tokens, 2048), size)
    total = 0.0
    for out, times in ((options.vocabulary, 1), (3 * size, 2), (size, 2), (4 * size, 4)):
        weight = torch.randn(out, size)
        result = torch.empty(len(x), out)
        fastest = min(wall(lambda weight=weight, result=result: torch.mm(x, weight.T, out=result)) for _ in range(20))
        total += fastest * times * tokens / len(x)
    each = size // options.heads
    q = torch.randn(options.examples * options.heads, each, options.length)
    scores = torch.empty(len(q), options.length, options.length)
    return total + 4 * min(wall(lambda: torch.bmm(q.mT, q, out=scores)) for _ in range(20))


def report_step(
    options: argparse.Namespace, problem: LanguageModel, theta: Tensor, weights: Tensor, direction: Tensor
) -> None:
    """Print the times of a backward step."""
    found: dict[str, Product] = {}
    actions = {
        name: lambda way=way, name=name: found.__setitem__(name, way(problem, theta, weights, direction))
        for name, way in WAYS.items()
    }
    floor = 8 * forward_products(options)
    seconds = common.interleaved(actions, options.repeats, time.perf_counter)
    print(f"{problem.parameters:,} parameters, {options.examples} examples of {options.length} tokens, one thread")
    print(f"{'backward step':<24}{'ms':>8}{'public/this':>13}{'/ bound':>9}{'MB':>7}{'error':>10}")
    for name, value in seconds.items():
        memory = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:], "--memory", name], capture_output=True, text=True, check=True
        )
        error = max(
            float((ours - reference).norm() / reference.norm())
            for ours, reference in zip(found[name], found[DOUBLE], strict=True)
        )
        print(
            f"{name:<24}{1e3 * value:>8.0f}{seconds[PUBLIC] / value:>13.2f}{value / floor:>9.2f}"
            f"{json.loads(memory.stdout):>7.0f}{error:>10.1e}"
        )
    print(f"{'lower bound':<24}{1e3 * floor:>8.0f}")
    common.print_machine()


def report_small(
    options: argparse.Namespace, problem: LanguageModel, theta: Tensor, weights: Tensor, direction: Tensor
) -> None:
    """Print the times of a gradient evaluation of the small experiment."""
    one = theta.unsqueeze(0)
    desired = problem._references["desired"].tokens

    def plain_gradient(tokens: Tensor) -> Tensor:
        leaf = theta.clone().requires_grad_()
        return torch.autograd.grad(plain_losses(problem, problem._named(leaf), tokens).mean(), leaf)[0]

    actions: dict[str, Callable[[], object]] = {
        f"{ENGINE}, forward": lambda: (
            problem.weighted_gradient(theta, weights),
            problem.reference_losses("desired", one),
        ),
        f"{ENGINE}, backward": lambda: (
            by_engine(problem, theta, weights, direction),
            problem.reference_gradients("desired", one),
        ),
        f"{DOUBLE}, forward": lambda: (
            plain_gradient(problem._train.tokens),
            plain_losses(problem, problem._named(theta), desired),
        ),
        f"{DOUBLE}, backward": lambda: (
            by_double_backward(problem, theta, weights, direction),
            plain_gradient(desired),
        ),
    }
    seconds = common.interleaved(actions, options.repeats * SMALL_STEPS, time.perf_counter)
    print(
        f"{problem.parameters:,} parameters, N {options.examples}, K {options.desired}, L {options.length}, "
        f"T {options.steps}, {options.heads} heads, one thread"
    )
    # In units of the products of a forward pass, a step takes 3 for a gradient and 8 for a backward step of all N
    # examples, and 1 for a loss and 3 for a gradient of the K desired ones.
    share = options.desired / options.examples
    floor = options.steps * (11 + 4 * share) * forward_products(options)
    print(f"{'an evaluation, s':<24}{'forward':>9}{'backward':>10}{'both':>7}{'plain/this':>12}{'/ bound':>9}")
    both = {
        name: [seconds[f"{name}, {part}"] * options.steps for part in ("forward", "backward")]
        for name in (ENGINE, DOUBLE)
    }
    for name, (forward, backward) in both.items():
        ratio = sum(both[DOUBLE]) / (forward + backward)
        print(
            f"{name:<24}{forward:>9.1f}{backward:>10.1f}{forward + backward:>7.1f}{ratio:>12.2f}"
            f"{(forward + backward) / floor:>9.2f}"
        )
    print(f"{'lower bound':<24}{floor:>26.1f}")
    common.print_machine()


if __name__ == "__main__":
    main()
