"""The code digest: it changes with what can change a result, and with nothing else."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lawpipe.run import provenance, registry

ROOT = Path(__file__).resolve().parents[2]

PACKAGE = {
    "__init__.py": '"""A package."""\n',
    "near.py": "from lawpipe import middle\n\nUSED = middle.double(1)\n",
    "middle.py": "from lawpipe.rooms.deep import FACTOR\n\n\ndef double(x):\n    return FACTOR * x\n",
    "rooms/__init__.py": "",
    "rooms/deep.py": """\"\"\"Deep.\"\"\"

FACTOR = 2  # a factor


class Box:
    \"\"\"A box.\"\"\"

    def open(self):
        \"\"\"Open it.\"\"\"
        return FACTOR
""",
    "rooms/other.py": "OTHER = 1\n",
}
SCRIPT = '"""A stage."""\n\nfrom lawpipe import near\n\nprint(near.USED)\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package named lawpipe, and a script whose import of rooms.deep is two modules away."""
    for name, text in PACKAGE.items():
        path = tmp_path / "lawpipe" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/stage.py").write_text(SCRIPT)
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "lawpipe")
    return tmp_path


@pytest.fixture
def digest(project: Path) -> Iterator[Callable[[], str]]:
    """A function that digests the script afresh, as a new process would."""

    def of_now() -> str:
        provenance._meaning.cache_clear()
        provenance._digest.cache_clear()
        return provenance.code_digest(provenance.PACKAGE.parent / "scripts/stage.py")

    yield of_now
    provenance._meaning.cache_clear()
    provenance._digest.cache_clear()


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # a factor", ""),
        ("FACTOR = 2", "# a comment\n\nFACTOR = (\n    2\n)"),
        ('"""Deep."""', '"""Another docstring."""'),
        ('"""Deep."""\n', ""),
        ('"""A box."""', '"""A large box."""'),
        ('"""Open it."""', '"""Do open it."""'),
    ],
    ids=["comment", "layout", "module docstring", "no docstring", "class docstring", "method docstring"],
)
def test_the_digest_ignores_changes_that_cannot_change_a_result(
    project: Path, digest: Callable[[], str], old: str, new: str
) -> None:
    before = digest()
    replace(project / "lawpipe/rooms/deep.py", old, new)
    assert digest() == before


def test_time_stamps_do_not_count(project: Path, digest: Callable[[], str]) -> None:
    before = digest()
    for path in project.rglob("*.py"):
        os.utime(path, (0, 0))
    assert digest() == before


def test_the_place_does_not_count(
    project: Path,
    digest: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    before = digest()
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    shutil.move(project, moved)
    monkeypatch.setattr(provenance, "PACKAGE", moved / "lawpipe")
    assert digest() == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("scripts/stage.py", "print(near.USED)", "print(-near.USED)"),
        ("lawpipe/near.py", "double(1)", "double(3)"),
        ("lawpipe/rooms/deep.py", "FACTOR = 2", "FACTOR = 3"),
        ("lawpipe/rooms/deep.py", "return FACTOR", "return -FACTOR"),
        ("lawpipe/__init__.py", '"""A package."""', '"""A package."""\nSWITCH = True'),
    ],
)
def test_a_real_change_anywhere_along_the_imports_is_seen(
    project: Path, digest: Callable[[], str], file: str, old: str, new: str
) -> None:
    before = digest()
    replace(project / file, old, new)
    assert digest() != before


def test_modules_that_are_not_imported_do_not_count(project: Path, digest: Callable[[], str]) -> None:
    before = digest()
    replace(project / "lawpipe/rooms/other.py", "1", "2")
    (project / "lawpipe/new.py").write_text("NEW = 1\n")
    assert digest() == before


def test_imports_within_functions_are_followed(project: Path, digest: Callable[[], str]) -> None:
    replace(project / "scripts/stage.py", "print(near.USED)", "def late():\n    import lawpipe.rooms.other\n")
    before = digest()
    replace(project / "lawpipe/rooms/other.py", "1", "2")
    assert digest() != before


def test_the_projects_own_search_depends_on_what_it_uses_and_on_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("lawpipe", "scripts"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "lawpipe")

    def digest() -> str:
        provenance._meaning.cache_clear()
        provenance._digest.cache_clear()
        return provenance.code_digest(tmp_path / "scripts/search.py", registry.chosen(settings))

    settings = {"problem": "perceptron", "search": {"method": "projected_gradient"}}
    before = digest()
    assert before == digest()
    for name in (
        "figures/style",
        "problems/language_model/losses",
        "problems/language_model/models/transformer",
        "problems/perceptron/initial",
        "search/mirror_descent",
    ):
        assert (tmp_path / f"lawpipe/{name}.py").is_file()
        (tmp_path / f"lawpipe/{name}.py").write_text("CHANGED = True\n")
        assert digest() == before, name
    for name in ("engine/simplex", "problems/perceptron/losses", "search/projected_gradient"):
        before = digest()
        with (tmp_path / f"lawpipe/{name}.py").open("a") as file:
            file.write("\nCHANGED = True\n")
        assert digest() != before, name
    provenance._meaning.cache_clear()
    provenance._digest.cache_clear()


def test_versions_name_python_and_the_libraries() -> None:
    assert set(provenance.versions()) == {"python", *provenance.LIBRARIES}


def test_there_is_no_commit_outside_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.git_state() == {"commit": None, "modified": None}


def test_imports_for_types_alone_do_not_count(project, digest):
    before = digest()
    replace(
        project / "lawpipe/near.py",
        "from lawpipe import middle",
        "from typing import TYPE_CHECKING\n\nfrom lawpipe import middle\n\n"
        "if TYPE_CHECKING:\n    from lawpipe.rooms.other import OTHER",
    )
    with_types = digest()
    assert with_types != before  # the line that imports TYPE_CHECKING counts
    (project / "lawpipe/rooms/other.py").write_text("OTHER = 2\n")
    assert digest() == with_types


def test_a_template_counts_for_what_names_it(project, digest):
    first = digest()
    (project / "lawpipe/rooms/page.html").write_text("<p>one</p>")
    assert digest() == first
    (project / "lawpipe/rooms/outer.html").write_text('{% include "page.html" %}')
    replace(project / "lawpipe/rooms/deep.py", "FACTOR = 2", "FACTOR = 2\nNAME = 'outer.html'")
    first = digest()
    (project / "lawpipe/rooms/page.html").write_text("<p>another</p>")
    second = digest()
    (project / "lawpipe/rooms/page.html").write_text("<p>two</p>")
    assert len({first, second, digest()}) == 3
    last = digest()
    (project / "lawpipe/rooms/notes.md").write_text("nothing that counts")
    assert digest() == last
