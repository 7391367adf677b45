"""The update: from the contributions of examples to their weights, with one remembered number per example.

Under weights gamma, which sum to 1, the desired loss L falls at the speed sum_n gamma[n] CT[n], with the
contributions CT[n] = <grad L, grad l_n>. The exponentiated gradient (mirror descent) of this linear objective, with
the weighted mean of the contributions subtracted, is the replicator equation

    u[n] <- u[n] + r (CT[n] - sum_m gamma[m] CT[m]) / s,      gamma[n] proportional to exp(min(u[n], 0)).

u[n] is the log-weight of example n before it is bounded. Division by the standard deviation s of CT over the batch
makes the update independent of the scales of loss, gradient and model. At rest the law of arXiv 2402.17759 (theorem
3.1) holds: all examples with weight contribute the same, the others less.

Three parts are heuristic and do not follow from the theory:

- The bound at 0: no example weighs more than those with an average contribution. Ranking the good examples would fit
  the noise of the few desired examples, and the concentrated weights would lengthen the step.
- Memory: the exact condition has the adjoint in place of grad L, an average of the desired gradients of the steps to
  come. u averages those of about 1 / (1 - decay) past steps instead.
- Evidence: e in [0, 1] (see `agreement`) estimates the cosine between the desired gradient at hand and that of
  infinitely many desired examples. It is small once the weights have fitted the desired examples at hand, and it
  scales the whole update, so that nothing is learned or forgotten then:

    u <- u + e (r (CT - mean) / s - (1 - decay) u).

docs/online.md has the measurements, and what else was tried.
"""

import math

import torch
from torch import Tensor

#: r, the change of a log-weight per standard deviation of the contributions, and the share of it that a step keeps.
RATE, DECAY = 0.5, 0.9


class Memory:
    """The log-weights u of N examples, one number each, and their update (see the docstring of this module)."""

    def __init__(self, examples: int, *, rate: float = RATE, decay: float = DECAY) -> None:
        """Start with equal weights of N examples; `rate` and `decay` are as RATE and DECAY."""
        self.rate = rate
        self.decay = decay
        self.log_weights = torch.zeros(examples)

    def weights(self, rows: Tensor | None = None) -> Tensor:
        """Return the weights of the examples with these numbers (None: all), [B], which sum to 1."""
        scores = self.scores(rows)
        # If every example of the batch has such a low log-weight that the scores underflow, their ratios still count.
        if scores.sum() > 0:
            return scores / scores.sum()
        return torch.softmax(self.log_weights if rows is None else self.log_weights[rows], dim=0)

    def update(
        self,
        contributions: Tensor,
        evidence: float = 1.0,
        rows: Tensor | None = None,
        scale: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Update the log-weights of a batch and return its weights.

        `evidence` is e, between 0 (the contributions are noise) and 1; `rows` [B] are the numbers of the examples,
        None for all N. `scale` has the weighted mean and the standard deviation of the contributions; they are those
        of the batch if it is None. Nothing changes if all contributions are equal or one is not finite.
        """
        self.log_weights = self.log_weights.to(contributions)
        if evidence > 0 and len(contributions) > (1 if scale is None else 0):
            mean, spread = self.scale(contributions, rows) if scale is None else scale
            if 0 < spread < float("inf"):
                self._move(evidence, (contributions - mean) / spread, rows)
        return self.weights(rows)

    def scale(self, contributions: Tensor, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the weighted mean and the standard deviation of the contributions of at least two examples."""
        return self.weights(rows) @ contributions, contributions.std()

    def scores(self, rows: Tensor | None = None) -> Tensor:
        """Return exp(min(u, 0)) of the examples with these numbers (None: all), [B]: 1 for a full weight."""
        log_weights = self.log_weights if rows is None else self.log_weights[rows]
        return log_weights.clamp(max=0).exp_()

    def _move(self, evidence: float, leads: Tensor, rows: Tensor | None) -> None:
        log_weights = self.log_weights if rows is None else self.log_weights[rows]
        log_weights = log_weights + evidence * (self.rate * leads - (1 - self.decay) * log_weights)
        if rows is None:
            self.log_weights = log_weights
        else:
            self.log_weights[rows] = log_weights


def agreement(first: Tensor, second: Tensor) -> float:
    """Return the evidence ``e = sqrt(max(<a, b>, 0)) / |(a + b) / 2|``, between 0 and 1.

    a and b are the gradients of two independent halves of the desired examples. <a, b> estimates the squared norm of
    the expected gradient without bias, so e estimates the cosine between the mean gradient and its expectation.
    """
    shared = float(torch.dot(first, second))
    size = float((first + second).square().sum()) / 4
    return math.sqrt(min(shared / size, 1.0)) if shared > 0 else 0.0
