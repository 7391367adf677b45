"""The verdicts that a config expects, against those of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

#: experiment -> claim -> verdict, as in the config.
Expected = Mapping[str, Mapping[str, str]]


def differences(rows: Sequence[Mapping[str, Any]], expected: Expected) -> list[str]:
    """Return a sentence for each verdict that is not the expected one, claim without one, and expectation of nothing.

    Args:
        rows: those of the table `claims`.
        expected: what the config says.
    """
    found = {(row["experiment"], row["claim"]): row for row in rows}
    sentences = []
    for (experiment, claim), row in found.items():
        verdict = expected.get(experiment, {}).get(claim)
        if verdict is None:
            sentences.append(
                f"claims.{experiment}.{claim} is missing: the run says {row['verdict']} ({row['reason']})."
            )
        elif verdict != row["verdict"]:
            sentences.append(
                f"claims.{experiment}.{claim} is {verdict}, but the run says {row['verdict']} ({row['reason']})."
            )
    sentences += [
        f"claims.{experiment}.{claim} is {verdict}, but the run has no such claim."
        for experiment, verdicts in expected.items()
        for claim, verdict in verdicts.items()
        if (experiment, claim) not in found
    ]
    return sentences


def written(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table as text: experiment, claim, source, ours with its interval, n, verdict."""
    header = ("experiment", "claim", "source", "ours", "low", "high", "n", "verdict")
    cells = [header, *(tuple(_cell(row[name]) for name in header) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cell(value: Any) -> str:
    """Write a cell; `-` for nothing."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
