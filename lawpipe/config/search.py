"""The block `search`: the outer optimisation, which improves the learning policy."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat

from lawpipe.config.block import Block, Distinct, Iteration, key
from lawpipe.config.messages import show
from lawpipe.config.presets import PRESETS

#: The method with a given step, `search.rate`; the others choose their own.
WITH_RATE = "projected_gradient"

#: The methods that see the perceptron's training as a problem of optimal control.
OF_PERCEPTRON = ("dynamic_programming", "steered_descent")

MOST_SNAPSHOTS = 12


class Search(Block):
    """The search for the near-optimal policy."""

    preset: Literal["paper", "public_script", None] = key(None, source="Section 4 and the public code")
    """A published search, of the paper or of its public code. It sets method, iterations, rate and decay in place of
    inherited values; keys written next to it take precedence."""
    method: Literal[
        "feedback_descent",
        "mirror_descent",
        "accelerated_gradient",
        "newton",
        "dynamic_programming",
        "steered_descent",
        "projected_gradient",
    ] = key("feedback_descent", source="Section 4 (projected_gradient), this project (the others)")
    """The optimiser. `projected_gradient` is the paper's; the others choose their own step and never accept one that
    raises J: `feedback_descent` (mirror descent that starts from a policy with feedback), `mirror_descent`,
    `accelerated_gradient` (projected, with restarts), `newton` (to first-order stationarity, for small problems in
    float64), and for the perceptron `dynamic_programming` (at small learning rates: sweeps over the whole run) and
    `steered_descent` (at large ones: towards minima of the desired loss, then mirror descent)."""
    iterations: Iteration = key(30, source="this project (the paper's number is in its preset)")
    """Largest number of outer iterations; each takes a training run and a backward pass."""
    rate: PositiveFloat | None = key(None, source="Section 4")
    """Step size of projected_gradient for the mean J; null for a method that chooses its own."""
    decay: Literal["constant", "linear"] = key("constant", source="Section 4 (constant), the public code (linear)")
    """Schedule of the step size of projected_gradient: `constant`, or `linear` decay to 0 over the iterations."""
    gap_tolerance: NonNegativeFloat = key(0.0)
    """The search stops when the Frank-Wolfe gap is at most this fraction of J; 0 disables early stopping."""
    snapshots: Annotated[list[Iteration], Field(max_length=MOST_SNAPSHOTS), Distinct] | None = key(
        None, source="Figures 4, 6 and 7 (a point or line for each of several policies along the search)"
    )
    """Iterations (at most 12, in rising order) whose policy is kept, trained and measured, as `search_0001` and so
    on. null keeps the iterations 1, 2, 4, 8 and so on."""


def complete(search: dict[str, Any]) -> None:
    """Fill in the snapshots that follow from the iterations."""
    if search["snapshots"] is None:
        iterations = search["iterations"]
        search["snapshots"] = [2**power for power in range(iterations.bit_length())][-MOST_SNAPSHOTS:]


def check(search: Mapping[str, Any], problem: str, processes: int, path: str) -> Iterator[str]:
    """Yield a sentence for each contradiction between the keys of a complete search."""
    method, rate, iterations = search["method"], search["rate"], search["iterations"]
    if method in OF_PERCEPTRON and problem != "perceptron":
        yield f"{path}.method is {method}, which needs problem: perceptron, but problem is {problem}: choose another."
    if method in OF_PERCEPTRON and processes > 1:
        yield f"{path}.method is {method}, which runs in one process, but processes is {processes}: set it to 1."
    if method == WITH_RATE and rate is None:
        published = PRESETS[problem]["paper"]["rate"]
        yield f"{path}.rate is missing: {method} needs a number above 0 (the paper's is {published})."
    if method != WITH_RATE and rate is not None:
        yield f"{path}.rate is {rate}, but {method} sets its own step: write null or leave it out."
    if method != WITH_RATE and search["decay"] != "constant":
        yield f"{path}.decay is {search['decay']!r}, but {method} sets its own step: leave it out."
    snapshots, rising = search["snapshots"], sorted(search["snapshots"])
    if snapshots != rising:
        yield f"{path}.snapshots is {show(snapshots)}, expected rising numbers: {show(rising)}."
    if rising and rising[-1] > iterations:
        yield (
            f"{path}.snapshots holds {rising[-1]}, expected numbers up to {path}.iterations, which is {iterations}."
        )
