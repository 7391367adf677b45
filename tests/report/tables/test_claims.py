from pathlib import Path

import pytest

from lawpipe.paper.contradictions import contradictions
from lawpipe.report import table_page
from lawpipe.report.tables import claims
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.claims import CLAIMS


def write(root: Path, *rows: tuple[str, str, float | None, float | None, int, str]) -> None:
    names = ("claim", "experiment", "ours", "low", "n", "verdict")
    columns: dict[str, list] = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    columns["high"] = [None if low is None else 2 * low for low in columns["low"]]
    columns |= {name: [name] * len(rows) for name in ("source", "paper", "reason", "group", "asked_by")}
    columns |= {name: [None] * len(rows) for name in ("p", "holm")}
    artifacts.write(root / "claims.parquet", CLAIMS, columns, settings={}, code="")


def test_claims_stand_by_experiment_with_their_counts(tmp_path: Path) -> None:
    write(
        tmp_path,
        ("a_claim", "one", 2.0, 1.5, 3, "partly"),
        ("a_claim", "two", None, None, 0, "not_tested"),
        ("another", "one", 2.0, None, 1, "reproduced"),
    )
    table = claims.claims(tmp_path)
    assert [row.cells[:2] for row in table.rows] == [("one", "a claim"), ("one", "another"), ("two", "a claim")]
    assert [row.kind for row in table.rows] == ["partly", "reproduced", "break not_tested"]
    assert table.rows[0].cells[4:] == ("partly", "2.00 [1.50,\N{NO-BREAK SPACE}3.00]", "3", "reason")
    assert table.rows[2].cells[4:6] == ("not tested", "-")
    assert table.note == "3 rows: 1 reproduced, 1 partly, 1 not tested."
    html = table_page.render(table)
    assert "a claim" in html
    assert all(len(row.cells) == len(table.header) for row in table.rows)


def test_a_missing_table_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"claims.parquet does not exist"):
        claims.claims(tmp_path)


def test_every_contradiction_has_a_row() -> None:
    table = claims.contradicted()
    assert len(table.rows) == len(contradictions())
    assert "2.69" in table.rows[1].cells[2]
    assert "2.69" in table_page.render(table)
