"""The rows that the measurement of one policy adds to the tables of a seed."""

from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.analysis import examples, redundancy, speed, zero_weights
from lawpipe.analysis.similarity import similarity
from lawpipe.analysis.zero_weights import Share

#: Contributions [S, N] by reference set and kind.
Contributions = dict[tuple[str, str], npt.NDArray[Any]]
Curves = dict[str, npt.NDArray[np.float64]]
Rows = dict[str, Any]


def similarity_rows(
    weights: npt.NDArray[Any],
    contributions: Contributions,
    steps: npt.NDArray[np.int32],
    curves: Curves,
    learning_rates: npt.NDArray[np.float64],
) -> list[Rows]:
    """Return the similarity at each measured step, for every reference set and kind; `weights` are [S, N]."""
    blocks = []
    for (against, kind), contribution in contributions.items():
        found = similarity(weights, contribution)
        count = len(steps)
        blocks.append(
            {
                "step": steps,
                "against": [against] * count,
                "kind": [kind] * count,
                "mean": nulls(found.mean),
                "std": nulls(found.std),
                "similarity": nulls(found.similarity),
                "active": found.active,
                "global_speed": nulls(speed.global_speed(curves[against], learning_rates)[steps]),
            }
        )
    return blocks


def zero_weight_rows(
    weights: npt.NDArray[Any],
    contributions: Contributions,
    losses: npt.NDArray[Any],
    steps: npt.NDArray[np.int32],
    curves: Curves,
    planted: redundancy.Groups | None = None,
) -> Rows:
    """Return the three properties of zero weights at the measured steps before convergence.

    The property of learned examples belongs to no reference set; "before convergence" is then that of the
    desired loss. So do those of planted groups, `{copies, combinations}_{one_dropped, largest_share}`, and of as many
    unrelated examples, `..._control`.
    """
    rows: list[tuple[str, str | None, str | None, Share]] = []
    early = {against: zero_weights.before_convergence(steps, curve) for against, curve in curves.items()}
    for (against, kind), contribution in contributions.items():
        mask = early[against]
        for measure in (zero_weights.noncontributive_excluded, zero_weights.redundant_dropped):
            rows.append((measure.__name__, kind, against, measure(weights[mask], contribution[mask])))
    mask = early["desired"]
    rows.append(("learned_ignored", None, None, zero_weights.learned_ignored(weights[mask], losses[mask])))
    for kind, members in (planted or {}).items():
        unrelated = redundancy.controls(planted or {}, weights.shape[1])[kind]
        for function in (redundancy.one_dropped, redundancy.largest_share):
            name = f"{kind}_{function.__name__}"
            rows.append((name, None, None, function(weights[mask], members)))
            rows.append((f"{name}_control", None, None, function(weights[mask], unrelated)))
    return {
        "property": [name for name, _, _, _ in rows],
        "kind": [kind for _, kind, _, _ in rows],
        "against": [against for _, _, against, _ in rows],
        "value": [share.value for _, _, _, share in rows],
        "count": [share.count for _, _, _, share in rows],
    }


def example_rows(weights: npt.NDArray[Any]) -> Rows:
    """Return how a whole policy, weights [T, N], uses each example."""
    use = examples.use(weights)
    return {
        "row": np.arange(weights.shape[1], dtype=np.int32),
        "total_weight": use.total_weight,
        "first_active": use.first_active,
        "last_active": use.last_active,
    }


def measure_row(weights: npt.NDArray[Any], gap: float, perturbed: npt.NDArray[np.bool_]) -> Rows:
    """Return what holds for a whole policy: gap, mean weight on perturbed examples (null if there are none), size."""
    on_perturbed = weights[:, perturbed].sum(axis=1, dtype=np.float64).mean() if perturbed.any() else None
    return {
        "gap": [gap if np.isfinite(gap) else None],
        "weight_on_perturbed": [on_perturbed],
        "effective_examples": [examples.effective_examples(weights).mean()],
    }


def nulls(values: npt.NDArray[Any]) -> list[float | None]:
    """Return numbers as a table holds them: null (None) where they are not finite."""
    return [float(value) if np.isfinite(value) else None for value in values]


def stack(blocks: list[Rows]) -> Rows:
    """Join blocks of columns below each other."""
    return {name: [value for block in blocks for value in np.ma.asarray(block[name]).tolist()] for name in blocks[0]}
