"""Measured seconds of one training step on this machine, within two seconds and with the engine itself.

`python -m lawpipe.cost.calibration` reads complete settings of experiments by name from stdin, as JSON, and prints
the seconds of one step of a training run, of a backward pass, and of a measured step for each. It trains on random
examples of the experiment's shape. If a step would take too long, it uses fewer examples and scales the time.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple
from math import ceil
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lawpipe.compute import devices
from lawpipe.config import plan
from lawpipe.cost import estimate
from lawpipe.cost.flops import Steps
from lawpipe.engine import trajectory
from lawpipe.problems.base import Problem
from lawpipe.problems.language_model.losses import LanguageModel
from lawpipe.problems.language_model.models.base import build_model
from lawpipe.problems.perceptron import gaussian
from lawpipe.problems.perceptron.losses import Perceptron
from lawpipe.run.splits import REFERENCES

#: Seconds of all measurements together.
SECONDS = 2.0

#: Maximal seconds of a forward and backward step by `estimate.reference_speed`; a longer one gets fewer examples.
LONGEST = 0.2

#: Seconds of a run whose steps are timed together, so that the time of the clock does not count, and the maximal
#: number of its steps.
TOGETHER, MOST_TOGETHER = 0.05, 100


def main() -> None:
    """Measure the experiments on stdin; those of the same shape once."""
    experiments: dict[str, dict[str, Any]] = json.load(sys.stdin)
    shapes = {name: json.dumps(shape(chosen)) for name, chosen in experiments.items()}
    one_of_each = {shapes[name]: chosen for name, chosen in experiments.items()}
    seconds = {key: astuple(measure(chosen, SECONDS / len(one_of_each))) for key, chosen in one_of_each.items()}
    print(json.dumps({name: seconds[key] for name, key in shapes.items()}))


def shape(settings: Mapping[str, Any]) -> list[Any]:
    """Return the settings that the time of a step depends on."""
    vocabulary = settings["data"].get("tokenizer", {}).get("vocabulary")
    where = [settings["device"], settings["training"]["precision"]]
    return [settings["problem"], *where, *estimate.sizes(settings), vocabulary, settings.get("model")]


def measure(settings: Mapping[str, Any], seconds: float) -> Steps:
    """Return the seconds of one step of each kind; `seconds` is the time of the measurement."""
    known = estimate.reference_speed(settings)
    one = known.run + known.backward
    share = min(1.0, LONGEST / one)
    steps = min(MOST_TOGETHER, ceil(TOGETHER / (share * one)))
    problem, theta = draw(settings, share)
    rates = [1e-3] * steps
    weights = torch.full((steps, problem.examples), 1 / problem.examples, dtype=problem.dtype, device=problem.device)
    run = trajectory.train(problem, theta, weights, rates)
    adjoint = problem.reference_gradients("desired", run.stored[-1:])[0]

    def train() -> None:
        # A short run's first losses, which `curve` has too, would weigh as much as those of a step.
        after = trajectory.train(problem, theta, weights, rates).stored[1:]
        for against in REFERENCES:
            problem.reference_losses(against, after)

    def source(thetas: Tensor) -> Tensor:
        return problem.reference_gradients("desired", thetas)

    def backward() -> None:
        # Not the whole gradient, whose constant part would dominate with few steps.
        problem.backward(run.stored[:-1], weights, rates, adjoint, source, lambda step, block: None)

    def contributions() -> None:
        problem.losses(theta)
        for against in REFERENCES:
            problem.contributions(theta, problem.reference_gradients(against, theta.unsqueeze(0))[0])

    def seconds_of(work: Callable[[], object], count: int) -> float:
        before = _clock(problem.device)
        work()
        return (_clock(problem.device) - before) / count / share

    # The first use of a compiled loop may compile it.
    for work in (train, backward, contributions):
        work()
    took: list[tuple[float, float, float]] = []
    ends = time.perf_counter() + seconds
    while not took or time.perf_counter() < ends:
        took.append((seconds_of(train, steps), seconds_of(backward, steps), seconds_of(contributions, 1)))
    # The minimum, because other programs only make a step slower.
    return Steps(*map(min, zip(*took, strict=True)))


def draw(settings: Mapping[str, Any], share: float) -> tuple[Problem, Tensor]:
    """Return a problem of an experiment's shape with a share of its examples, all random, and parameters for it."""
    data, precision = settings["data"], settings["training"]["precision"]
    dtype = devices.dtype(precision)
    sizes = {split: max(1, round(share * size)) for split, size in estimate.sizes(settings)[0].items()}
    device = devices.device(settings["device"])
    generator = np.random.default_rng(0)
    if settings["problem"] in plan.ON_TEXT:
        tokens = {
            split: generator.integers(2, data["tokenizer"]["vocabulary"], (size, data["length"] + 1))
            for split, size in sizes.items()
        }
        model = build_model(settings)
        values = model.initialise(generator).values()
        theta = torch.cat([torch.from_numpy(value).flatten() for value in values])
        text = LanguageModel(model, tokens.pop("train"), tokens, dtype, device, precision=precision)
        return text, theta.to(device, dtype)
    drawn = {f"{split}_examples": size for split, size in sizes.items()}
    plain = {"folder": None, "duplicates": 0, "dependent": 0, "dimension": estimate.sizes(settings)[1]}
    examples = gaussian.draw(data | drawn | plain, 0, tuple(sizes))
    problem = Perceptron(examples.pop("train"), examples, dtype, device)
    return problem, torch.zeros(problem.parameters, dtype=dtype, device=device)


def _clock(device: torch.device) -> float:
    """Return the wall time after all work on a GPU is done, or the processor time of this process on a CPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        return time.perf_counter()
    return time.process_time()


if __name__ == "__main__":
    main()
