"""Every fault either does no harm or ends in one clear sentence, with what was there before as it was."""

import re
import shutil
from pathlib import Path

import pytest

from lawpipe.run import artifacts, stage
from lawpipe.run.errors import InputError
from lawpipe.run.tables.examples import GAUSSIAN_EXAMPLES
from tests.faults.cases import CASES, ROOT, Case, prepare

TABLE = ROOT / "docs/faults.md"


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy seed, made once."""
    folder = tmp_path_factory.mktemp("faults") / "seed"
    prepare(folder)
    return folder


@pytest.fixture
def working(seed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a copy of the toy seed in `seed/`."""
    shutil.copytree(seed, tmp_path / "seed")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    """The content of every file, but logs and those in the side folders of a search and of Snakemake."""
    present = {path for path in folder.rglob("*") if path.is_file()}
    kept = {path for path in present if not any(part.startswith(".") for part in path.relative_to(folder).parts[:-1])}
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in kept if path.suffix != ".txt"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_fault(case: Case, working: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = case.arrange()
    before = files(working)
    capfd.readouterr()
    code = 0
    try:
        stage.run(run)
    except SystemExit as ended:
        code = int(ended.code or 0)
    printed = "".join(capfd.readouterr())
    assert "Traceback" not in printed
    expected = re.escape(case.printed).replace("…", ".+")
    if case.happens == "goes on":
        assert code == 0, printed
        assert re.search(f"^{expected}$", printed, re.MULTILINE), printed
    else:
        assert code == 1, printed
        errors = re.findall("^error: (.*)$", printed, re.MULTILINE)
        assert re.fullmatch(expected, "\n".join(errors)), printed
        assert files(working) == before
    assert not [path for path in working.rglob(".*.*") if path.suffix in (".parquet", ".npz", ".json")]


def test_the_documents_list_the_cases_and_what_they_print() -> None:
    rows = re.findall(r"^\| (.+?) \| (stops|goes on) \| (`.+`) \|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(case.title, case.happens, f"`{case.printed}`".replace("\n", "` `")) for case in CASES]


def test_no_wrong_byte_of_a_table_is_believed(working: Path) -> None:
    path = working / "seed/train.parquet"
    good, expected = path.read_bytes(), artifacts.read(path, GAUSSIAN_EXAMPLES)
    refused = 0
    for offset in range(0, len(good), 23):
        path.write_bytes(good[:offset] + bytes([good[offset] ^ 0x10]) + good[offset + 1 :])
        try:
            table = artifacts.read(path, GAUSSIAN_EXAMPLES)
        except InputError:
            refused += 1
        else:
            assert table.equals(expected)
    assert refused > len(good) / 23 / 3
