"""Compile all loops now, so that the first jobs of a run need not: python -m lawpipe.problems.compile_loops.

The machine code is kept where `compute.compiled` says; a second call takes about a second.
"""

import torch

from lawpipe.compute import devices
from lawpipe.problems.language_model.models.transformer import Transformer
from lawpipe.problems.perceptron import gaussian

#: Settings of a perceptron's data, of the smallest size.
SMALLEST = {
    "dimension": 1,
    "train_examples": 2,
    "desired_examples": 2,
    "train_variance": 1.0,
    "desired_mean": 0.0,
    "desired_variance": 1.0,
    "flip_fraction": 0.0,
    "flip_by": "chance",
    "duplicates": 0,
    "dependent": 0,
}


def main() -> None:
    """Call every loop on problems of the smallest size."""
    if not devices.COMPILED:
        print("numba, scipy or threadpoolctl is not installed: there are no loops to compile")
        return
    from lawpipe.problems.perceptron.control import Control
    from lawpipe.problems.perceptron.loops import Features
    from lawpipe.problems.perceptron.losses import Perceptron

    features, vector, rows = Features(torch.ones(1, 1)), torch.ones(1), torch.ones(1, 1)
    features.gradient(vector, vector)
    features.adjoint_product(vector, vector, vector)
    features.descend(vector, rows, [0.1])
    features.backward(rows, rows, [0.1], vector, rows, lambda step, block: None)

    splits = gaussian.draw(SMALLEST, 0, ("train", "desired"))
    problem = Perceptron(splits.pop("train"), splits, torch.float32, torch.device("cpu"))
    control = Control(problem, vector, [0.1])
    targets = control.targets()
    control.improve(control.steer(targets, 1.0, 1.0), 1.0)
    control.away(vector, targets, 1.0, 1.0)

    model = Transformer(vocabulary=2, length=1, hidden_size=1, layers=1, heads=1)
    loops, windows = model.loops(), torch.zeros(1, 2, dtype=torch.int64)
    assert loops is not None
    theta = torch.ones(sum(torch.Size(shape).numel() for shape in model.shapes.values()))
    loops.losses(theta, windows)
    loops.gradient(theta, windows, rows)
    loops.along(theta, theta, windows, rows, torch.zeros_like(theta))


if __name__ == "__main__":
    main()
