"""What is wrong with the text of a config, before its keys are read."""

from pathlib import Path

import pytest

from lawpipe.config import source
from lawpipe.run.errors import InputError

BROKEN = {
    "name: mine\nexperiments:\n  a: [1, 2\nb: 3\n": "mine.yaml, line 4, cannot be read as YAML (",
    "name: mine\nexperiments:\n\ta: 1\n": "mine.yaml, line 3, cannot be read as YAML (",
    "a:\n  seeds: [0]\n  in_all: true\n  seeds: [1]\n": (
        "mine.yaml, line 4: the key 'seeds' is there a second time, after line 2, and would replace the first; "
        "remove one of the two."
    ),
    "a: &a\n  b:\n    c: *a\n": "mine.yaml, line 1: the block that is marked there by & contains",
    "a: &a [1, [*a]]\n": "mine.yaml, line 1: the block that is marked",
}


@pytest.mark.parametrize("text", BROKEN)
def test_the_sentence_names_file_and_line(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        source.read(Path("mine.yaml"))
    assert str(caught.value).startswith(BROKEN[text])


def test_aliases_merges_and_an_empty_file_are_read_as_yaml_does(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\nd: [*a, *a]\n")
    assert source.read(path) == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}, "d": [{"x": 1}, {"x": 1}]}
    path.write_text("")
    assert source.read(path) is None
