from pathlib import Path

import pytest

from lawpipe.paper.contradictions import contradictions
from lawpipe.report import table_page
from lawpipe.report.tables import claims
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.claims import CLAIMS

#: What a row has unless a test says something else.
USUAL = {name: name for name in ("source", "paper", "reason")} | {"asked_by": "paper", "group": "gain"}
USUAL |= {"ours": 2.0, "low": 1.5, "high": 2.5, "n": 3, "p": None, "holm": None}


def write(root: Path, *rows: dict) -> None:
    columns = {name: [(USUAL | row)[name] for row in rows] for name in CLAIMS.columns}
    artifacts.write(root / "claims.parquet", CLAIMS, columns, settings={}, code="")


def test_a_claim_is_a_line_with_a_cell_per_experiment(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"claim": "a_claim", "experiment": "one", "verdict": "partly", "p": 0.2, "holm": 0.4},
        {"claim": "a_claim", "experiment": "two", "verdict": "not_tested", "paper": "else", "ours": None, "n": 0},
        {
            "claim": "another",
            "experiment": "one",
            "verdict": "reproduced",
            "asked_by": "audit",
            "p": 1e-5,
            "holm": 2e-5,
        },
        {
            "claim": "at_end",
            "experiment": "two",
            "verdict": "reproduced",
            "group": "controls",
            "p": 0.03,
            "holm": 0.06,
        },
    )
    matrix = claims.matrix(tmp_path, ["two", "one"])
    assert matrix.experiments == ("two", "one")
    assert [group.title for group in matrix.groups] == ["The gain", "Controls"]
    first, second = matrix.groups[0].lines
    assert (first.name, first.says, first.source, first.asked_by) == ("a claim", "paper; else", "source", "")
    assert second.asked_by == "our question"
    assert list(first.cells) == ["one", "two"]
    one, two = first.cells.values()
    assert (one.short, one.ours) == ("2.00", "2.00 [1.50,\N{NO-BREAK SPACE}2.50], n = 3")
    assert (one.p, one.holm) == ("0.20", "0.40")
    assert (two.verdict, two.short, two.ours, two.p) == ("not_tested", "", "", "")
    assert second.cells["one"].p == "< 0.001"
    assert matrix.groups[0].counts == {"reproduced": 1, "partly": 1, "not_reproduced": 0, "not_tested": 1}
    assert (matrix.tests, matrix.passed, matrix.standing) == (3, 2, 1)
    assert claims.chance(matrix) == (
        "Of 3 tests, chance alone would pass 0.075; 2 pass, and 1 of these still do after Holm's correction for 3 "
        "tests."
    )


def test_what_has_no_test_is_said(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"claim": "equal", "experiment": "one", "verdict": "reproduced", "low": 2.0, "high": 2.0},
        {"claim": "other", "experiment": "one", "verdict": "reproduced", "p": 0.01, "holm": 0.01},
    )
    assert "1 more are reproduced with the same value in every seed" in claims.chance(
        claims.matrix(tmp_path, ["one"])
    )
    write(tmp_path, {"claim": "a", "experiment": "one", "verdict": "partly", "low": None, "high": None, "n": 1})
    matrix = claims.matrix(tmp_path, ["one"])
    assert claims.chance(matrix) == "No claim has the three seeds that a test needs."
    assert matrix.groups[0].lines[0].cells["one"].ours == "2.00, n = 1"


def test_no_claims_and_unknown_groups_and_experiments_are_no_errors(tmp_path: Path) -> None:
    write(tmp_path)
    assert claims.matrix(tmp_path, ["one"]).groups == ()
    write(tmp_path, {"claim": "a", "experiment": "older", "verdict": "partly", "group": "else"})
    matrix = claims.matrix(tmp_path, ["one"])
    assert matrix.experiments == ("older",)
    assert matrix.groups[0].title == "else"


def test_a_missing_table_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"claims.parquet does not exist"):
        claims.matrix(tmp_path, [])


def test_every_contradiction_has_a_row() -> None:
    table = claims.contradicted()
    assert len(table.rows) == len(contradictions())
    assert "2.69" in table.rows[1].cells[2]
    assert "2.69" in table_page.render(table)
