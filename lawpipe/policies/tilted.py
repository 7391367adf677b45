"""Weights that fall with the losses, by an exponent that follows the contributions: one number learned in place of N.

A few desired examples say little about each of N training examples, but enough about one number. Corrupted examples
have high losses; whether low weights for high losses help is what the desired examples decide.
"""

from lawpipe.policies.base import Problem, Record, Rule, Tensor

RECORD = Record(
    label="tilted",
    phrase="weights that fall with the losses as far as the desired examples say",
    position=45,
    work={"own": (2.5, 0.5), "tuned": (20.0, 4.0), "matched": (3.5, 0.5)},
    formula="tilt",
)

#: Added to each loss over the mean loss, so that small losses differ little.
FLOOR = 0.3

#: The change of the exponent per unit of the cosine, and its upper end.
RATE, MOST = 10.0, 8.0


def rule(problem: Problem) -> Rule:
    """Return the rule gamma[t, n] ~ exp(-a x_n), x_n = log(l_n / mean_m l_m + FLOOR), with an exponent a >= 0.

    With v = sum_n gamma[n] (x_n - sum_m gamma[m] x_m) grad l_n, the desired loss L falls faster at a higher a if
    <grad L, v> < 0: its speed sum_n gamma[n] <grad L, grad l_n> has the derivative -<grad L, v>. Each step takes the
    cosines of -v with the gradients of L on two halves of the desired examples. If both have the same sign, a changes
    by RATE times the smaller one, from 0 on and within 0..MOST. At a = 0 the weights are uniform.
    """
    exponent = 0.0

    def scores(theta: Tensor) -> Tensor:
        nonlocal exponent
        losses = problem.losses(theta)
        mean = losses.mean()
        if not 0 < mean < float("inf"):
            return losses.new_ones(len(losses))
        x = (losses / mean + FLOOR).log()
        weights = (-exponent * x).softmax(dim=0)
        direction = problem.weighted_gradient(theta, weights * (x - weights @ x))
        halves = problem.half_gradients("desired", theta)
        lengths = halves.norm(dim=1) * direction.norm()
        cosines = (-(halves @ direction) / lengths).tolist()
        if min(cosines) > 0 or max(cosines) < 0:  # false for NaN
            exponent = min(max(exponent + RATE * min(cosines, key=abs), 0.0), MOST)
        return (-exponent * x).softmax(dim=0)

    return scores
