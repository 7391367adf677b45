"""Near-optimal weights for a model and data of one's own: a classifier of three classes with wrong labels.

python examples/own_problem.py
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lawpipe.search.own import Losses, near_optimal

CLASSES, FEATURES, HIDDEN, STEPS = 3, 4, 8, 60


def draw(count: int, wrong: float, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Return features, labels, and which labels are wrong: three clouds, some labels moved to the next class."""
    true = torch.randint(CLASSES, (count,), generator=random)
    features = 2 * torch.eye(CLASSES, FEATURES)[true] + torch.randn(count, FEATURES, generator=random)
    flipped = torch.rand(count, generator=random) < wrong
    return features.double(), (true + flipped) % CLASSES, flipped


def losses(features: Tensor, labels: Tensor) -> Losses:
    """Return the loss of every example as a function of all parameters of a network with one hidden layer."""

    def of_parameters(theta: Tensor) -> Tensor:
        inner, outer = theta.split([FEATURES * HIDDEN, HIDDEN * CLASSES])
        hidden = torch.tanh(features @ inner.view(FEATURES, HIDDEN))
        return cross_entropy(hidden @ outer.view(HIDDEN, CLASSES), labels, reduction="none")

    return of_parameters


def main() -> None:
    """Search, and print what the policy gains and where its weight goes."""
    random = torch.Generator().manual_seed(0)
    features, labels, flipped = draw(80, 0.3, random)
    references = {name: losses(*draw(40, 0.0, random)[:2]) for name in ("desired", "test")}
    theta0 = 0.5 * torch.randn(HIDDEN * (FEATURES + CLASSES), generator=random, dtype=torch.float64)
    result = near_optimal(losses(features, labels), references, theta0, steps=STEPS, learning_rate=0.3)
    for name in references:
        means = [curves[name][1:].mean() for curves in (result.losses, result.uniform)]
        print(f"mean loss, {name}: {means[0]:.3f}, with uniform weights {means[1]:.3f}")
    weight = result.weights[:, flipped].sum(dim=1).mean()
    print(f"weight on the {flipped.double().mean():.0%} of examples with wrong labels: {weight:.1%}")


if __name__ == "__main__":
    main()
