import json
from pathlib import Path

import pytest

from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.claims import CLAIMS
from scripts import verify

VERDICTS = {"compression_rises": "reproduced", "similarity_rises": "partly"}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("results") / "claims.parquet"
    row = dict.fromkeys(CLAIMS.columns) | {"experiment": "perceptron", "paper": "rises", "reason": "measured", "n": 2}
    rows = [row | {"claim": claim, "verdict": verdict} for claim, verdict in VERDICTS.items()]
    columns = {name: [row[name] for row in rows] for name in CLAIMS.columns}
    artifacts.write(path, CLAIMS, columns, settings={}, code="")
    return path


def check(table: Path, expected: dict[str, dict[str, str]]) -> None:
    verify.main(["--settings", json.dumps({"claims": expected}), "--claims", str(table)])


def test_expected_verdicts_pass(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(table, {"perceptron": VERDICTS})
    printed = capsys.readouterr().out
    assert "compression_rises" in printed
    assert "2 of 2 claims have the expected verdict" in printed


def test_no_expectations_pass_with_a_note(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(table, {})
    assert "nothing to compare" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"compression_rises": "not_tested"}, "compression_rises is not_tested, but the run says"),
        ({"accelerations": "partly"}, "accelerations is partly, but the run has no such claim"),
    ],
    ids=["different", "unknown"],
)
def test_any_difference_is_an_error(table: Path, change: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        check(table, {"perceptron": VERDICTS | change})
