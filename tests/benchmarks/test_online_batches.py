"""The choice of settings, the corruptions and the table of benchmarks/online_batches.py, at tiny sizes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import online_batches
from benchmarks.online_batches import WAYS, Run, Way
from examples.train_online import Data


@pytest.mark.parametrize("lowest", [0, 2, 4])
def test_the_climb_ends_where_no_neighbour_is_lower(lowest: int) -> None:
    assert online_batches.climb(lambda i: abs(i - lowest), 2, 0, 4) == lowest
    assert online_batches.climb(lambda i: -i, 0, -3, 3) == 3


def test_a_loss_that_is_not_finite_is_never_the_lowest() -> None:
    run = Run([0, 5], np.zeros((2, 1)), np.array([np.nan, 2.0]), 0.0)
    assert online_batches.lowest(run, run.test) == (1, 2.0)
    assert online_batches.lowest(run, np.array([np.nan, np.inf]))[1] == np.inf


def test_only_the_last_steps_or_all_are_on_desired_windows_alone() -> None:
    assert Way(at_end=True, shares=(0.2,)).alone_from(0.2, 100) == 80
    assert WAYS["desired alone"].alone_from(1.0, 100) == 0
    assert WAYS["mixing"].alone_from(0.5, 100) == 100


@pytest.mark.parametrize(("count", "last"), [(16, 4), (6, 2), (256, 64)])
def test_folds_part_the_desired_windows(count: int, last: int) -> None:
    folds = online_batches.folds(count)
    assert [row for fold in folds for row in fold] == [*range(count)]
    assert len(folds) == 4
    assert len(folds[-1]) == last


class Told(online_batches.Trials):
    """Trials with given losses of the desired windows under each way, whoever they are held out from."""

    def __init__(self, desired: dict[str, list[float]]) -> None:
        self.told = desired

    def outcome(self, name: str, count: int) -> dict[str, dict[str, object]]:
        row = {"chosen_way": name, "test": float(np.mean(self.told.get(name, [9.0])))}
        return {"held_out": row, "test": row}

    def cross_validated(self, name: str, count: int) -> np.ndarray:
        return np.array(self.told.get(name, [9.0] * count))


def test_a_way_is_chosen_only_if_it_is_better_by_more_than_a_standard_error() -> None:
    uniform = [2.0, 1.0, 3.0, 2.0]
    noisy = Told({"uniform": uniform, "online": [1.0, 1.9, 2.0, 2.9]})
    assert noisy.chosen(4)["held_out"]["chosen_way"] == "uniform"
    assert noisy.chosen(4)["test"]["chosen_way"] == "online"
    clear = Told({"uniform": uniform, "online": [1.9, 0.9, 2.9, 1.9], "mixing": [1.8, 0.9, 2.8, 1.8]})
    assert clear.chosen(4)["held_out"]["chosen_way"] == "mixing"


@pytest.mark.parametrize("kind", [*online_batches.CORRUPTIONS])
def test_a_corruption_changes_its_share_of_the_training_windows_only(kind: str) -> None:
    tokens = torch.arange(2, 2 + 60 * 17).view(60, 17)
    tokens[0, 9:] = 1
    data = Data({"train": tokens, "test": tokens}, torch.zeros(60, dtype=torch.bool), 2000)
    changed = online_batches.CORRUPTIONS[kind](data, 0.5, 0)
    same = (changed.windows["train"] == tokens).all(dim=1)
    assert int(changed.corrupted.sum()) == 30
    assert same[~changed.corrupted].all()
    assert torch.equal(changed.windows["test"], tokens)
    bad = changed.windows["train"][changed.corrupted]
    if kind == "shuffled":
        assert torch.equal(bad.sort(dim=1).values, tokens[changed.corrupted].sort(dim=1).values)
    elif kind == "boilerplate":
        assert len(bad.unique(dim=0)) <= online_batches.COPIED
    none = online_batches.CORRUPTIONS[kind](data, 0.0, 0)
    assert torch.equal(none.windows["train"], tokens)


def test_rows_are_written_once_and_the_table_has_every_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "rows.parquet"
    sizes = {
        "steps": 6,
        "examples": 32,
        "hidden": 8,
        "length": 8,
        "vocabulary": 64,
        "batch": 8,
        "test": 8,
        "seeds": 1,
    }
    text = tmp_path / "mine.txt"
    words = ["The", "old", "cat", "saw", "a", "small", "red", "bird", "and", "ran", "home"]
    stories = [" ".join(words[(i * j) % 11] for j in range(1, 40)) + f" {i}." for i in range(1, 120)]
    text.write_text("\n\n".join(stories))
    arguments = [f"--{name}={value}" for name, value in sizes.items()]
    arguments += ["--text", str(text), "--output", str(output), "--corrupted", "0.5", "--desired", "8"]
    ways = ["uniform", "oracle", "online", "mixing", "fine-tuning", "chosen", "tilt", "max(CT, 0)"]
    online_batches.main([*arguments, "--ways", *ways])
    rows = pd.read_parquet(output)
    assert list(rows["way"].unique()) == ways
    assert set(rows["chosen_by"]) == {"held_out", "test"}
    assert (rows.loc[rows["way"] == "oracle", "weight_on_corrupted"] == 0).all()
    assert (rows.loc[rows["way"] == "fine-tuning", "stop"] >= 3).all()
    table = capsys.readouterr().out
    assert all(way in table for way in ways)
    online_batches.main([*arguments, "--ways", *ways])
    pd.testing.assert_frame_equal(pd.read_parquet(output), rows)
