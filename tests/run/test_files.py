"""Atomic writing of files."""

import pytest

from lawpipe.run import files


def test_the_name_appears_only_when_the_block_ends_well(tmp_path):
    path = tmp_path / "new" / "x.json"
    with files.whole(path) as temporary:
        temporary.write_text("done")
        assert not path.exists()
    assert path.read_text() == "done"
    assert list(path.parent.iterdir()) == [path]


def test_temporary_files_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / ".x.99999.json").write_text("half")
    (tmp_path / ".x.y.99999.json").write_text("of another file, which is perhaps being written")
    with files.whole(tmp_path / "x.json") as temporary:
        temporary.write_text("done")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".x.y.99999.json", "x.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("old")

    def fail():
        with files.whole(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
