"""All studies have the same shape, and the code digest of a study counts no other."""

import pytest

from lawpipe.run import provenance, registry
from scripts import compare, report

RECORDED = tuple(report.RECORDED)
STUDIES = registry.names("study")


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_has_a_title_and_a_figure_and_what_its_script_asks_for(name):
    study = registry.load("study", name)
    assert isinstance(study.TITLE, str)
    assert callable(study.figure)
    assert hasattr(study, "RECORD") == (name in RECORDED)
    if name not in RECORDED:
        assert callable(study.rows)
        assert callable(study.text)
    if hasattr(study, "TABLE"):
        assert study.TABLE.name == name
        assert study.ENTRY.title == study.TITLE
        assert callable(study.table)
        assert set(study.NULLABLE) <= {*study.TABLE.columns}


@pytest.mark.parametrize("name", [name for name in STUDIES if name not in RECORDED])
def test_the_digest_counts_the_chosen_study_alone(name):
    files = provenance.meanings(compare.__file__, registry.chosen({"study": name}))
    assert {file for file in files if file.startswith("studies/")} == {"studies/__init__.py", f"studies/{name}.py"}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_study_depends_on_no_results(name):
    files = provenance.meanings(registry.load("study", name).__file__)
    assert not [file for file in files if file.startswith(("results/", "policies/", "config/"))]
