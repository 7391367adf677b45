"""What was read of a source is kept for files with the same content, and never believed for others."""

import sys
from pathlib import Path

import pytest

from lawpipe.run import meaning
from lawpipe.run.meaning import Source, Sources


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are read, not taken from what is kept."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    texts: list[str] = []
    own = meaning._read

    def note(text: str, digest: str, *, is_python: bool) -> Source:
        texts.append(text)
        return own(text, digest, is_python=is_python)

    monkeypatch.setattr(meaning, "_read", note)
    return texts


def source_of(folder: Path, text: str) -> Source:
    """Read a file as a new process does."""
    path = folder / "module.py"
    path.write_text(text)
    sources = Sources(folder)
    source = sources.read(path, "module.py")
    sources.keep()
    return source


def test_the_same_content_is_read_once_and_another_content_again(tmp_path: Path, read: list[str]) -> None:
    one = source_of(tmp_path, "from lawpipe.run import stage\nX = 1\n")
    assert source_of(tmp_path, "from lawpipe.run import stage\nX = 1\n") == one
    assert len(read) == 1
    other = source_of(tmp_path, "from lawpipe.run import stage\nX = 2\n")
    assert len(read) == 2
    assert other.meaning != one.meaning
    assert other.modules == one.modules == ["lawpipe.run", "lawpipe.run.stage"]
    assert source_of(tmp_path, "from lawpipe.run import stage\nX = 2  # two\n").meaning == other.meaning


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"reader": "another", "sources": {}}', '{"reader": 1}'])
def test_what_is_damaged_or_of_another_version_is_read_again(tmp_path: Path, read: list[str], kept: str) -> None:
    one = source_of(tmp_path, "X = 1\n")
    Sources(tmp_path).file.write_text(kept)
    assert source_of(tmp_path, "X = 1\n") == one
    assert len(read) == 2


def test_where_nothing_can_be_kept_nothing_is(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "__pycache__").write_text("no folder")
    assert source_of(tmp_path, "X = 1\n") == source_of(tmp_path, "X = 1\n")
    (tmp_path / "__pycache__").unlink()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    source_of(tmp_path, "X = 1\n")
    assert not Sources(tmp_path).file.exists()
    assert len(read) == 3
