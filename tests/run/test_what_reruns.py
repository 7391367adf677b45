"""For a change in each room: the stages whose code digest it changes, and so the jobs that rerun.

One row per module that stands for its room, or for a part of it. What follows from changed results is not listed:
Snakemake reruns it because its input is new.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from lawpipe.run import provenance, registry

SCRIPTS = provenance.PACKAGE.parent / "scripts"

PERCEPTRON: dict[str, Any] = {"problem": "perceptron"}
TEXT: dict[str, Any] = {"problem": "language_model", "model": {"architecture": "transformer"}}
SEARCH: dict[str, Any] = {"search": {"method": "mirror_descent"}}
ALL_POLICIES: dict[str, Any] = {"policies": ["conventional", "near_optimal", "greedy"]}

#: What is rerun, by a short name: the script and what its settings choose.
NAMES = ("which_law", "transfer", "online", "sweep", "optima", "overfitting")

STAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "corpus": ("prepare_corpus", TEXT),
    "data": ("generate_data", PERCEPTRON),
    "windows": ("generate_data", TEXT),
    "initialise": ("initialise", PERCEPTRON),
    "initialise text": ("initialise", TEXT),
    "greedy": ("make_policy", PERCEPTRON | {"policy": "greedy"}),
    "search": ("search", PERCEPTRON | SEARCH),
    "search text": ("search", TEXT | SEARCH),
    "train": ("train", PERCEPTRON),
    "train text": ("train", TEXT),
    **{name: (name, PERCEPTRON | ALL_POLICIES) for name in ("summarise", "describe", "report")},
    **{f"study {name}": ("compare", {"study": name}) for name in NAMES},
}

STUDIES = {f"study {name}" for name in NAMES}
PAGES = {"describe", "report", *STUDIES}
RUNS = {"greedy", "search", "search text", "train", "train text"}
TEXT_RUNS = {"search text", "train text"}

EXPECTED: dict[str, set[str]] = {
    "cli/main.py": set(),
    "studies/growth.py": {"report"},
    "paper/table_2.py": {"report", "study optima"},
    "studies/transfer.py": {"study transfer"},
    "report/page.py": {"report"},
    "report/page.html": {"report"},
    "report/table_page.html": PAGES - {"report"},
    "report/style.css": PAGES,
    "figures/weights.py": {"describe"},
    "figures/style.py": PAGES,
    "paper/claims.py": {"report", "study optima"},
    "paper/values.py": {"describe", "report", "study transfer", "study optima"},
    "results/catalogue.py": PAGES,
    "results/experiment.py": PAGES,
    "cost/estimate.py": set(),
    "config/resolve.py": set(),
    "policies/greedy.py": {"greedy", "describe", "report"},
    "policies/static.py": set(),
    "search/mirror_descent.py": {"search", "search text"},
    "search/newton.py": set(),
    "engine/adjoint.py": {"search", "search text", "train", "train text"},
    "engine/trajectory.py": RUNS,
    "problems/base.py": RUNS,
    "problems/perceptron/gaussian.py": {"data", "train", "describe", "report"},
    "problems/perceptron/initial.py": {"initialise"},
    "problems/perceptron/losses.py": {"greedy", "search", "train"},
    "problems/language_model/windows.py": {"windows", "train text"},
    "problems/language_model/losses.py": TEXT_RUNS,
    "problems/language_model/models/transformer.py": {"initialise text", *TEXT_RUNS},
    "data/corpus.py": {"corpus"},
    "data/grammar/words.txt": {"corpus"},
    "problems/perceptron/loops.py": {"greedy", "search", "train"},
    "problems/language_model/models/compiled_transformer.py": {"initialise text", *TEXT_RUNS},
    "compute/matmul.py": RUNS,
    "analysis/scaling_law.py": {"summarise", "report", "study optima"},
    "analysis/compression.py": {"summarise", "describe"},
    "analysis/similarity.py": {"train", "train text"},
    "online/memory.py": set(),
    "run/tables/summary.py": {"summarise", *PAGES},
    "run/tables/fits.py": {"summarise", *PAGES},
    "run/tables/studies.py": STUDIES - {"study sweep"},
    "run/stage.py": set(STAGES),
    "run/artifacts.py": set(STAGES),
}


@pytest.fixture(scope="module")
def files() -> dict[str, set[str]]:
    """The files of the package that each stage's digest counts."""
    return {
        name: set(provenance.meanings(SCRIPTS / f"{script}.py", registry.chosen(settings)))
        for name, (script, settings) in STAGES.items()
    }


@pytest.mark.parametrize("file", EXPECTED)
def test_a_change_reruns_what_depends_on_it(files: dict[str, set[str]], file: str) -> None:
    assert (provenance.PACKAGE / file).is_file()
    assert {name for name, counted in files.items() if file in counted} == EXPECTED[file]


def test_every_room_has_a_row() -> None:
    def rooms() -> Iterator[str]:
        yield from (path.parent.name for path in provenance.PACKAGE.glob("*/__init__.py"))

    assert {file.partition("/")[0] for file in EXPECTED} == set(rooms())
