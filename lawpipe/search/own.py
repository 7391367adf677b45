"""The search for one's own model and data: a function from losses to a near-optimal policy, without a config."""

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lawpipe.problems.own import Losses, OwnProblem
from lawpipe.search.feedback_descent import FeedbackDescent
from lawpipe.search.loop import Row, Search
from lawpipe.search.method import Method
from lawpipe.search.objective import Objective


@dataclass(frozen=True)
class NearOptimal:
    """The result of a search."""

    #: gamma[t, n], the policy with the lowest J, [T, N]; every row is >= 0 and sums to 1.
    weights: Tensor
    #: The mean loss of each reference set at t = 0..T under the policy and under uniform weights 1/N, nats.
    losses: Mapping[str, npt.NDArray[np.float64]]
    uniform: Mapping[str, npt.NDArray[np.float64]]
    #: One row per iteration: J, the gap, the cost.
    rows: list[Row]
    #: Why the search ended.
    reason: str


def near_optimal(
    train: Losses,
    references: Mapping[str, Losses],
    theta0: Tensor,
    *,
    steps: int,
    learning_rate: float,
    iterations: int = 20,
    method: Method | None = None,
    on_row: Callable[[Row], None] = lambda row: None,
) -> NearOptimal:
    """Search for the weights of every training example at every step that minimise the area under the desired loss.

        theta[t+1] = theta[t] - learning_rate sum_n gamma[t,n] grad l_n(theta[t]),   J = (1/T) sum_t L(theta[t])

    where L is the mean loss of the reference set "desired". Each of `train` and `references` is a function from flat
    parameters [P] to the losses of its examples, [N], twice differentiable by torch.func; `theta0` [P] are the first
    parameters, best in float64. An iteration takes a training run of T steps on all examples and a backward pass, and
    memory for a few policies [T, N]. `method` is by default feedback_descent; `on_row` sees every iteration.

    Raises ValueError if "desired" is missing, a number is out of range, theta0 is no vector, or losses are no vectors
    of finite numbers of theta0's type, and FloatingPointError if training under uniform weights diverges.
    """
    if "desired" not in references:
        raise ValueError(f"references has {sorted(references)}, expected a set named desired, whose loss is to fall.")
    for name, value, least in (("steps", steps, 1), ("iterations", iterations, 0)):
        if value < least:
            raise ValueError(f"{name} is {value}, expected at least {least}.")
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate is {learning_rate}, expected a number above 0.")
    if theta0.ndim != 1 or not theta0.is_floating_point():
        raise ValueError(
            f"theta0 is {theta0.dtype} of shape {tuple(theta0.shape)}, expected a vector of floating-point numbers, "
            "such as torch.nn.utils.parameters_to_vector gives."
        )
    theta0 = theta0.detach().clone()
    # The search reports J on unseen examples as well; without them it reports that on the desired ones twice.
    problem = OwnProblem(train, {"test": references["desired"], **references}, theta0)
    objective = Objective(problem, theta0, [learning_rate] * steps)
    # A copy, so that a method can be given again.
    search = Search(objective, deepcopy(method) or FeedbackDescent(), iterations, on_row=on_row)
    search.run()
    uniform = torch.full((steps, problem.examples), 1 / problem.examples, dtype=problem.dtype, device=problem.device)
    runs = [objective.train(weights)[0] for weights in (search.best, uniform)]
    own, conventional = ({name: run.curve(name) for name in references} for run in runs)
    return NearOptimal(search.best, own, conventional, search.rows, search.reason)
