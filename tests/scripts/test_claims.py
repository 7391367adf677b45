import json
from pathlib import Path

import pytest

from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.claims import CLAIMS, SIZES
from scripts import claims, verify
from tests import toy
from tests.toy import Toy


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("results")
    toy.write_experiment(root, "perceptron")
    chosen = toy.settings("perceptron", Toy()) | {"seeds": [0, 1]}
    path = root / "claims.parquet"
    given = json.dumps({"experiments": {"perceptron": chosen}})
    claims.main(
        ["--settings", given, "--root", str(root), "--claims", str(path), "--sizes", str(root / "sizes.parquet")]
    )
    return path


def verdicts(table: Path) -> dict[str, str]:
    return {row["claim"]: row["verdict"] for row in artifacts.read(table, CLAIMS).to_pylist()}


def check(table: Path, expected: dict[str, dict[str, str]]) -> None:
    verify.main(["--settings", json.dumps({"claims": expected}), "--claims", str(table)])


def test_the_stage_writes_the_table_with_its_settings(table: Path) -> None:
    stored = artifacts.read(table, CLAIMS)
    assert stored.column_names == list(CLAIMS.columns)
    assert stored.num_rows > 20
    assert artifacts.metadata(table)["settings"]["experiments"]["perceptron"]["training"]["steps"] == 30


def test_the_sizes_are_the_papers_where_there_is_no_language_model(table: Path) -> None:
    rows = artifacts.read(table.parent / "sizes.parquet", SIZES).to_pylist()
    assert {row["experiment"] for row in rows} == {None}
    assert len(rows) == 4 * 3


def test_expected_verdicts_pass(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(table, {"perceptron": verdicts(table)})
    printed = capsys.readouterr().out
    assert "compression_rises" in printed
    assert "have the expected verdict" in printed


def test_no_expectations_pass_with_a_note(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(table, {})
    assert "nothing to compare" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda expected: expected.update(compression_rises="not_tested"),
            "compression_rises is not_tested, but the run says",
        ),
        (
            lambda expected: expected.update(accelerations="partly"),
            "accelerations is partly, but the run has no such claim",
        ),
    ],
    ids=["different", "unknown"],
)
def test_any_difference_is_an_error(table: Path, change, sentence: str) -> None:
    expected = verdicts(table)
    change(expected)
    with pytest.raises(InputError, match=sentence):
        check(table, {"perceptron": expected})
