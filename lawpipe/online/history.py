"""The history of the weights: one row per example and call, as Parquet, and a plot of who lost weight and when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

#: Points in time, and examples, that the plot shows.
TIMES, SHOWN = 200, 20


@dataclass(frozen=True)
class Last:
    """What the last call computed: one number per example of the batch, and the evidence e."""

    contributions: Tensor
    evidence: float
    weights: Tensor
    losses: Tensor
    rows: Tensor | None


class History:
    """The calls so far. One row per example and call:

    call, example (its number, or its place in the batch for data seen once), weight, contribution, loss, log_weight.
    """

    def __init__(self) -> None:
        self.parts: list[dict[str, np.ndarray[Any, Any]]] = []

    def add(self, call: int, last: Last, log_weights: Tensor | None) -> None:
        """Add the examples of a call."""
        count = len(last.weights)
        rows = torch.arange(count) if last.rows is None else last.rows
        logs = torch.full((count,), float("nan")) if log_weights is None else log_weights[rows.to(log_weights.device)]
        columns = {
            "example": rows,
            "weight": last.weights,
            "contribution": last.contributions,
            "loss": last.losses,
            "log_weight": logs,
        }
        part = {name: column.detach().cpu().numpy() for name, column in columns.items()}
        self.parts.append({"call": np.full(count, call)} | part)

    def columns(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the columns, each with one value per example and call."""
        if not self.parts:
            return {}
        return {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}

    def write(self, path: str | Path) -> None:
        """Write the history as Parquet (needs pyarrow)."""
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.table(self.columns()), path, compression="zstd")

    def plot(self, path: str | Path) -> None:
        """Draw which examples lost weight, and when (needs matplotlib).

        Above: the share of examples whose weight is less than a half and a tenth of a full one, over the calls.
        Below: the log-weights of the examples that lost most.
        """
        from matplotlib.figure import Figure

        columns = self.columns()
        if not columns or np.isnan(columns["log_weight"]).all():
            raise ValueError(
                "history: there is no log-weight to draw; it needs a call, and `examples` that is not None."
            )
        order = np.lexsort((columns["call"], columns["example"]))
        calls, examples, logs = (columns[name][order] for name in ("call", "example", "log_weight"))
        figure = Figure(figsize=(6, 6), layout="constrained")
        above, below = figure.subplots(2, sharex=True)
        times = np.unique(np.linspace(0, calls.max(), TIMES).astype(int))
        starts = np.flatnonzero(np.diff(examples, prepend=examples[0] - 1))
        tracks = {
            examples[a]: (calls[a:b], logs[a:b]) for a, b in zip(starts, [*starts[1:], len(calls)], strict=True)
        }
        at = np.stack([_held(*track, times) for track in tracks.values()])
        for share, colour in ((0.5, "tab:blue"), (0.1, "tab:red")):
            above.plot(times, (at < np.log(share)).mean(axis=0), color=colour, label=f"weight below {share:g}")
        above.set_ylabel("share of examples")
        above.legend()
        lowest = sorted(tracks, key=lambda example: float(tracks[example][1][-1]))[:SHOWN]
        for example in lowest:
            below.step(*tracks[example], where="post", linewidth=1)
            below.annotate(str(example), (tracks[example][0][-1], tracks[example][1][-1]), fontsize=6)
        below.set_xlabel("call")
        below.set_ylabel(f"log-weight of the {len(lowest)} that lost most")
        figure.savefig(path)


def _held(calls: np.ndarray[Any, Any], logs: np.ndarray[Any, Any], times: np.ndarray[Any, Any]) -> Any:
    """Return the log-weight at some times: that of the last call with the example, 0 before the first."""
    index = np.searchsorted(calls, times, side="right") - 1
    return np.where(index >= 0, logs[np.maximum(index, 0)], 0.0)
