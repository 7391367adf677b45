"""The table of the recorded ladder of sizes beside the language models of the page."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lawpipe.report import table_page
from lawpipe.report.tables import by_size
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.ladder import RECORDED
from tests.ladders import rows


def test_recorded_sizes_stand_beside_those_of_the_page(tmp_path: Path, stories: Results, plain: Results) -> None:
    frame = rows("recorded_one", near_optimal={0: 2.0, 1: 1.0, 2: 4.0}, conventional_tuned={0: 3.0, 1: 3.0, 2: 3.0})
    columns = {name: frame[name].tolist() for name in RECORDED.columns}
    artifacts.write(tmp_path / "ladder.parquet", RECORDED, columns, settings={}, code="")
    table = by_size.table(by_size.read(tmp_path / "ladder.parquet"), [plain, stories])
    assert table.header == ("quantity", "recorded_one, recorded", stories.name)
    cells = {row.cells[0]: row.cells[1:] for row in table.rows}
    assert cells["computed"] == ("an abacus, 2026-01-02, commit 0123456789", "this page")
    assert cells["stories: from, fingerprint"][0] == "file, 5a5a5a5a5a"
    assert cells["T x N"][0] == "10 x 30"
    assert cells["learning rate"][0] == "0.100"
    assert cells["seeds n"] == ("3", str(len(stories.seeds)))
    assert cells["J on desired, near-optimal / conventional"][0].startswith("0.500 [")
    assert cells["J on desired, conventional tuned / conventional"][0].startswith("0.750")
    assert cells["J on test, clean only / conventional"] == ("-", "-")
    assert cells["weight on perturbed stories"][0].startswith("10.0")
    assert cells["gap / J, conventional → near-optimal"][0].startswith("5.0\N{NO-BREAK SPACE}%")
    assert table.note.startswith("The search changes J")
    assert "recorded_one" in table_page.render(table)


def test_a_page_without_language_models_has_the_recorded_sizes_alone(plain: Results) -> None:
    table = by_size.table(pd.concat([rows("small"), rows("large", steps=40)]), [plain])
    assert table.header == ("quantity", "small, recorded", "large, recorded")


OF_J, OF_ACCELERATION = (
    f"{quantity} on desired, times that of small" for quantity in ("J near-optimal / conventional", "acceleration")
)


def compared(label: str, plain: Results, *frames: pd.DataFrame) -> tuple[str, ...]:
    """Return a row of the table of some sizes: one cell per size, from the smallest."""
    return {row.cells[0]: row.cells[1:] for row in by_size.table(pd.concat(frames), [plain]).rows}[label]


def test_the_gain_of_every_size_is_compared_with_that_of_the_smallest_in_the_same_seeds(plain: Results) -> None:
    small = rows("small", near_optimal={0: 2.0, 1: 1.0, 2: 4.0})
    large = rows("large", steps=40, near_optimal={0: 1.0, 1: 0.5, 2: 2.0, 3: 4.0})
    first, second = compared(OF_J, plain, large, small)
    assert first.startswith("1.00 [")
    assert second.startswith("0.500 [")
    assert second.endswith("(3 of 4 seeds)")
    assert compared(OF_ACCELERATION, plain, large, small)[1].startswith("1.00 [")
    assert compared(OF_J, plain, small, rows("large", steps=40, near_optimal={7: 1.0}))[1] == "-"


@pytest.mark.parametrize("other", [{"stories": "bb"}, {"learning_rate": 0.4}])
def test_sizes_of_other_stories_or_another_learning_rate_are_not_compared(plain: Results, other) -> None:
    assert compared(OF_J, plain, rows("small"), rows("large", steps=40).assign(**other)) == ("1.00", "-")


def test_a_seed_that_diverged_counts_as_one_without_a_value(plain: Results) -> None:
    frame = rows("small", near_optimal={0: 2.0, 1: float("inf"), 2: 2.0}, clean_only={0: 1.0})
    cells = {row.cells[0]: row.cells[1] for row in by_size.table(frame, [plain]).rows}
    assert "(2 of 3 seeds)" in cells["J on desired, near-optimal / conventional"]
    assert cells["J on desired, clean only / conventional"] == "0.250"


def test_a_commit_with_changes_says_so(plain: Results) -> None:
    frame = rows("small").assign(commit="0123456789abcdef and changes")
    assert "commit 0123456789 and changes" in by_size.table(frame, [plain]).rows[0].cells[1]


def test_a_damaged_record_is_not_to_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "ladder.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"ladder\.parquet cannot be read as Parquet .*: take it from git, or move"):
        by_size.read(tmp_path / "ladder.parquet")


def test_a_record_of_another_version_or_without_rows_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ladder.parquet"
    artifacts.write(path, RECORDED, {name: [] for name in RECORDED.columns}, settings={}, code="")
    with pytest.raises(InputError, match=r"ladder\.parquet has no rows: take it from git"):
        by_size.read(path)
    pq.write_table(pq.read_table(path).drop_columns(["operations"]), path)
    with pytest.raises(InputError, match=r"ladder\.parquet has no column 'operations': take it from git"):
        by_size.read(path)


def test_a_gap_above_j_has_no_number(plain: Results) -> None:
    (cell,) = [
        row.cells[1]
        for row in by_size.table(rows("small").assign(gap=1e15), [plain]).rows
        if row.cells[0].startswith("gap")
    ]
    assert cell == "above J → above J"


def test_a_record_with_a_row_twice_is_refused(tmp_path: Path) -> None:
    frame = pd.concat([rows("one"), rows("one").tail(1)])
    columns = {name: frame[name].tolist() for name in RECORDED.columns}
    artifacts.write(tmp_path / "ladder.parquet", RECORDED, columns, settings={}, code="")
    with pytest.raises(InputError, match=r"ladder\.parquet has two rows of one, seed \d, \w+, expected one"):
        by_size.read(tmp_path / "ladder.parquet")


def test_a_larger_model_at_the_same_size_is_compared_too(plain: Results) -> None:
    wide = rows("wide", near_optimal={0: 1.5}).assign(parameters=9000)
    assert compared(OF_J, plain, wide, rows("small")) == ("1.00", "0.500")
