"""The verdicts that a config expects, against those of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

#: experiment -> claim -> verdict, as in the config.
Expected = Mapping[str, Mapping[str, str]]


def differences(rows: Sequence[Mapping[str, Any]], expected: Expected) -> list[str]:
    """Return one sentence for each other verdict, claim without an expected verdict, and claim that is not there.

    Args:
        rows: the rows of the table `claims`.
        expected: the verdicts in the config.
    """
    pairs = {(experiment, claim): verdict for experiment, of in expected.items() for claim, verdict in of.items()}
    sentences = []
    for row in rows:
        experiment, claim = row["experiment"], row["claim"]
        verdict = pairs.pop((experiment, claim), None)
        if verdict != row["verdict"]:
            config = "missing:" if verdict is None else f"{verdict}, but"
            sentences.append(
                f"claims.{experiment}.{claim} is {config} the run says {row['verdict']} ({row['reason']})."
            )
    return sentences + [
        f"claims.{experiment}.{claim} is {verdict}, but the run has no such claim."
        for (experiment, claim), verdict in pairs.items()
    ]


def written(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table as text: experiment, claim, source, ours with its interval, n, verdict."""
    header = ("experiment", "claim", "source", "ours", "low", "high", "n", "verdict")
    cells = [header, *(tuple(_cell(row[name]) for name in header) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cell(value: Any) -> str:
    """Return a cell as text; `-` for None."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
