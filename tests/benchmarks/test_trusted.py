"""The tables on few desired examples: J of every method, and one method beside the others."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import trusted
from lawpipe.run import artifacts
from lawpipe.run.tables.studies import ONLINE

OBJECTIVES = {
    "conventional_tuned": (0.5, 0.4, 0.6),
    "clean_only_tuned": (0.1, 0.1, 0.1),
    "inverse_loss_tuned": (0.25, 0.2, 0.3),
    "noise_model_mixed_tuned": (0.2, 0.16, 0.24),
}


def rows(text: str) -> dict[str, list]:
    columns: dict[str, list] = {name: [] for name in ONLINE.columns}
    for policy, values in OBJECTIVES.items():
        for seed, objective in enumerate(values):
            for against in ("desired", "test"):
                row = {
                    "experiment": "a",
                    "problem": "perceptron",
                    "spoilt": 0.25,
                    "desired_examples": 32,
                    "text": text,
                }
                row |= {"seed": seed, "policy": policy, "against": against, "share": None}
                row |= {"objective": objective if against == "test" else 9.0, "told": objective / 2}
                for name, value in row.items():
                    columns[name].append(value)
    return columns


@pytest.mark.parametrize(("text", "flipped"), [("", "25 %"), ("flips: class", "25 %, class")])
def test_the_tables(text: str, flipped: str) -> None:
    losses, changes = trusted.tables(pd.DataFrame(rows(text))).split("\n\n")
    head, _, row = losses.splitlines()
    assert head == "| flipped | K | seeds | uniform | oracle | 1 / loss | noise model + mixing |"
    assert row == f"| {flipped} | 32 | 3 | 0.500 (0.250) | 0.100 (0.0500) | 0.250 (0.125) | 0.200 (0.100) |"
    head, _, row = changes.splitlines()
    assert head == "| flipped | K | seeds | uniform | 1 / loss |"
    assert row == f"| {flipped} | 32 | 3 | -60.0 % [-60.0 %, -60.0 %] | -20.0 % [-20.0 %, -20.0 %] |"


def test_they_are_written_between_the_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, table = tmp_path / "page.md", tmp_path / "online.parquet"
    page.write_text(f"before\n\n{trusted.BEGIN}\n\nold\n\n{trusted.END}\n\nafter\n")
    monkeypatch.setattr(trusted, "PAGE", page)
    artifacts.write(table, ONLINE, rows(""), settings={}, code="")
    trusted.main(["--rows", str(table), "--write"])
    text = page.read_text()
    assert text.startswith("before\n\n")
    assert text.endswith(f"\n\n{trusted.END}\n\nafter\n")
    assert "old" not in text
    assert "| 25 % | 32 | 3 |" in text
