"""The verdicts that a config expects, against those of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd


def differences(rows: Sequence[Mapping[str, Any]], expected: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return one sentence for each other verdict than the expected one, and each expected claim that is not there.

    `rows` are those of the table `claims`; `expected` has the verdicts by experiment and claim, as in the config. A
    claim without an expected verdict has any.
    """
    pairs = {(experiment, claim): verdict for experiment, of in expected.items() for claim, verdict in of.items()}
    sentences = []
    for row in rows:
        verdict = pairs.pop((row["experiment"], row["claim"]), None)
        if verdict not in (None, row["verdict"]):
            name = f"claims.{row['experiment']}.{row['claim']}"
            sentences.append(f"{name} is {verdict}, but the run says {row['verdict']} ({row['reason']}).")
    for (experiment, claim), verdict in pairs.items():
        sentences.append(f"claims.{experiment}.{claim} is {verdict}, but the run has no such claim.")
    return sentences


def written(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table as text: experiment, claim, source, ours with its interval, n, verdict; `-` for no number."""
    numbers = ("ours", "low", "high")
    frame = pd.DataFrame(rows, columns=["experiment", "claim", "source", *numbers, "n", "verdict"])
    frame = frame.astype(dict.fromkeys(numbers, float))
    return frame.to_string(index=False, na_rep="-", float_format="{:.4g}".format)
