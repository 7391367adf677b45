"""The rows that the measurement of one policy adds to the tables of its seed, as columns by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.analysis import Floats, redundancy, zero_weights
from lawpipe.analysis.curves import finite_or_none, nulls
from lawpipe.analysis.similarity import global_speed, similarity
from lawpipe.analysis.zero_weights import Share

#: (reference set, kind) to the contributions [S, N] at the S measured steps.
Contributions = dict[tuple[str, str], npt.NDArray[Any]]
Curves = dict[str, Floats]
Rows = dict[str, Any]


def similarity_rows(
    weights: npt.NDArray[Any],
    contributions: Contributions,
    steps: npt.NDArray[np.int32],
    curves: Curves,
    learning_rates: Floats,
) -> list[Rows]:
    """Return the similarity of the contributions at each measured step, one block per reference set and kind.

    `weights` are [S, N], at the S measured steps t in `steps`; `curves` hold L[0..T] of each reference set, nats;
    `learning_rates` are [T].
    """
    blocks = []
    for (against, kind), contribution in contributions.items():
        result = similarity(weights, contribution)
        blocks.append(
            {
                "step": steps,
                "against": [against] * len(steps),
                "kind": [kind] * len(steps),
                **{name: nulls(getattr(result, name)) for name in ("mean", "std", "similarity")},
                "active": result.active,
                "global_speed": nulls(global_speed(curves[against], learning_rates)[steps]),
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
    """Return the shares of the properties of zero weights at the measured steps before convergence.

    The property of learned examples belongs to no reference set: "before convergence" is then that of the desired
    loss. The same holds for planted groups of dependent examples, which add the rows `{kind}_one_dropped` and
    `{kind}_largest_share` for the kinds `copies` and `combinations`; the rows with the ending `_control` are those of
    as many groups of unrelated examples.

    The arguments are those of `similarity_rows`; `losses` are [S, N], of the training examples, nats.
    """
    rows: list[Rows] = []

    def add(name: str, share: Share, kind: str | None = None, against: str | None = None) -> None:
        rows.append({"property": name, "kind": kind, "against": against, **vars(share)})

    early = {against: steps < (zero_weights.convergence_step(curve) or 0) for against, curve in curves.items()}
    for (against, kind), contribution in contributions.items():
        mask = early[against]
        for name, share in zero_weights.of_contributions(weights[mask], contribution[mask]).items():
            add(name, share, kind, against)
    mask = early["desired"]
    add("learned_ignored", zero_weights.learned_ignored(weights[mask], losses[mask]))
    planted = planted or {}
    unrelated = redundancy.controls(planted, weights.shape[1])
    for kind, members in planted.items():
        shares, controls = (redundancy.of_groups(weights[mask], groups) for groups in (members, unrelated[kind]))
        for name in shares:
            add(f"{kind}_{name}", shares[name])
            add(f"{kind}_{name}_control", controls[name])
    return {name: [row[name] for row in rows] for name in rows[0]}


def example_rows(weights: npt.NDArray[Any]) -> Rows:
    """Return the mean weight of each example, and the first and the last step at which its weight is above 0.

    `weights` are the whole policy, [T, N]. The steps of an example that has no weight are masked: nulls in Arrow.
    """
    active = weights > 0
    never = ~active.any(axis=0)
    first = active.argmax(axis=0).astype(np.int32)
    last = (len(active) - 1 - active[::-1].argmax(axis=0)).astype(np.int32)
    return {
        "row": np.arange(weights.shape[1], dtype=np.int32),
        "total_weight": weights.mean(axis=0, dtype=np.float64),
        "first_active": np.ma.masked_array(first, never),
        "last_active": np.ma.masked_array(last, never),
    }


def stability_rows(steps: list[int], sharpness: Floats, norms: Floats, growth: Floats) -> Rows:
    """Return the stability at each measured step t: the sharpness there, and norm and growth of adjoint[t+1]."""
    columns = {"sharpness": sharpness, "adjoint_norm": norms, "adjoint_growth": growth}
    return {"step": steps, **{name: nulls(values) for name, values in columns.items()}}


def measure_row(
    weights: npt.NDArray[Any],
    gap: float,
    corrupted: npt.NDArray[np.bool_],
    stability: Rows,
    replays: Mapping[str, float | None],
    total: Floats | float = 1.0,
) -> Rows:
    """Return one row: the gap, the mean weight on corrupted examples (null if there are none), the effective number.

    Also the largest sharpness and growth of the adjoint of the `stability_rows`, and the relative changes of J in
    `replays`. `weights` [T, N] are the whole policy, `total` [T] is what they sum to, and `corrupted` [N] says which
    examples are corrupted.
    """

    def largest(name: str) -> float | None:
        return max((value for value in stability[name] if value is not None), default=None)

    on_corrupted = weights[:, corrupted].sum(axis=1, dtype=np.float64).mean() if corrupted.any() else None
    return {
        "gap": [finite_or_none(gap)],
        "weight_on_perturbed": [on_corrupted],
        "effective_examples": [zero_weights.effective_examples(weights, total).mean()],
        "sharpness_max": [largest("sharpness")],
        "adjoint_growth_max": [largest("adjoint_growth")],
        **{name: [value] for name, value in replays.items()},
    }


def stack(blocks: list[Rows]) -> Rows:
    """Concatenate blocks of columns, the rows of the first block first."""
    return {name: [value for block in blocks for value in np.ma.asarray(block[name]).tolist()] for name in blocks[0]}
