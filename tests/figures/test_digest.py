"""What depends on the modules that draw figures."""

import shutil
from pathlib import Path

import pytest

from lawpipe.figures import draw
from lawpipe.run import provenance

ROOT = Path(__file__).resolve().parents[2]


def test_a_changed_figure_changes_the_digest_of_the_stage_that_draws_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("lawpipe", "scripts"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "lawpipe")

    scripts = sorted((tmp_path / "scripts").glob("*.py"))
    before = {script.stem: provenance.code_digest(script) for script in scripts}
    of_describe = {before["describe"]}
    for module in draw.MODULES:
        with (tmp_path / "lawpipe" / f"{module.replace('.', '/')}.py").open("a") as file:
            file.write("\nCHANGED = True\n")
        provenance._meaning.cache_clear()
        provenance._digest.cache_clear()
        of_describe.add(provenance.code_digest(tmp_path / "scripts/describe.py"))
    assert len(of_describe) == len(draw.MODULES) + 1
    assert {script.stem for script in scripts if provenance.code_digest(script) != before[script.stem]} == {
        "describe"
    }
    provenance._meaning.cache_clear()
    provenance._digest.cache_clear()
