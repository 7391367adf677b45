"""The rates that were tried for a policy, as figures show them."""

from pathlib import Path

from lawpipe.results.experiment import Results
from lawpipe.results.gains import chosen, grids
from lawpipe.run import artifacts
from lawpipe.run.tables.policies import LEARNING_RATES

RUNS = {
    "policy": ["mine"] * 6,
    "learning_rate": [0.1, 0.2, 0.4, 0.1, 0.2, 0.4],
    "objective_desired": [4.0, 2.0, 1.0, 9.0, 0.5, 0.4],
    "objective_test": [7.0, 8.0, 9.0, 6.0, 5.0, 4.0],
}
HELD_OUT = {
    "share": [0.5, 0.5, 0.5, 0.9, 0.5, 0.9],
    "desired_examples": [24, 24, 24, 24, 32, 32],
    "objective_held_out": [4.0, 2.0, 3.0, 2.5, None, None],
}


CROSS_VALIDATED = {"rule": [*"aaabbb"], "objective_held_out": [4.0, 2.0, 3.0, 2.5, 1.5, None]}


def results(folder: Path, columns: dict) -> Results:
    path = folder / "seed0/learning_rates/mine.parquet"
    artifacts.write(path, LEARNING_RATES, columns, settings={}, code="")
    found = Results("a", folder, (0,), {})
    vars(found)["policies"] = ["mine"]
    return found


def test_the_best_on_desired_is_chosen(tmp_path: Path) -> None:
    (rows,) = grids(results(tmp_path, RUNS), "mine")
    assert len(rows) == 6
    assert chosen(rows, "objective_test") == 4


def test_the_best_on_held_out_desired_examples_is_chosen_and_shown_at_its_share(tmp_path: Path) -> None:
    (rows,) = grids(results(tmp_path, RUNS | HELD_OUT), "mine")
    assert rows["learning_rate"].tolist() == [0.1, 0.2, 0.4]
    assert rows["share"].tolist() == [0.5] * 3
    assert chosen(rows, "learning_rate") == 0.2


def test_the_rates_of_the_chosen_rule_are_shown(tmp_path: Path) -> None:
    (rows,) = grids(results(tmp_path, RUNS | CROSS_VALIDATED), "mine")
    assert rows["rule"].tolist() == [*"bbb"]
    assert chosen(rows, "learning_rate") == 0.2
