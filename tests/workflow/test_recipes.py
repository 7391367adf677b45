"""The recipes of ARCHITECTURE.md, tried: what is new is added to a copy of the project, and the workflow makes it."""

from collections.abc import Callable

import pytest

from lawpipe.run import artifacts
from lawpipe.run.tables.examples import THETA0
from lawpipe.run.tables.policies import POLICY
from tests.workflow.copies import Project

pytestmark = pytest.mark.workflow

POLICY_MODULE = '''"""Uniform weights on the first half of the examples."""

import numpy as np

from lawpipe.policies.base import Context, Record

RECORD = Record(label="half", phrase="uniform weights on the first half", position=90)


def weights(context: Context):
    """Return the weights, [N]."""
    first = np.arange(context.examples) < context.examples // 2
    return (first / first.sum()).astype(context.number_type)
'''

SEARCH_MODULE = '''"""Mirror descent under another name."""

from lawpipe.search import mirror_descent


def make(settings):
    """Return the method."""
    return mirror_descent.make(settings)
'''

MODEL_MODULE = '''"""The Transformer under another name."""

from lawpipe.problems.language_model.models import transformer


def build(settings, vocabulary, length):
    """Return the model."""
    return transformer.build(settings, vocabulary, length)
'''

ANALYSIS_MODULE = '''"""The loss at the end of training."""


def last_loss(losses):
    """Return L[T], nats."""
    return float(losses[-1])
'''

FIGURE = '''

def last_losses(results: Results) -> Figure:
    """Draw the loss at the end of training under each policy."""
    figure, axes = plt.subplots()
    axes.plot(results.summary["policy"], results.summary["last_loss_desired"], "o")
    return figure
'''

ENTRY = """    Entry("last_losses", "The loss at the end of training", None, "One point per policy and seed.",
          module="figures.similarity", data=("summary",)),
"""

CLAIM = """    Claim("ends_lower", PROBLEMS, "Fig 5", "the near-optimal policy ends at a lower loss",
          ratio("last_loss_desired"), Beyond(1, below=True)),
"""


def add_policy(project: Project) -> None:
    (project.folder / "lawpipe/policies/half.py").write_text(POLICY_MODULE)


def add_search_method(project: Project) -> None:
    (project.folder / "lawpipe/search/renamed.py").write_text(SEARCH_MODULE)
    project.replace(
        "lawpipe/config/search.py", 'Literal[\n        "feedback_descent",', 'Literal["renamed", "feedback_descent",'
    )


def add_model(project: Project) -> None:
    (project.folder / "lawpipe/problems/language_model/models/renamed.py").write_text(MODEL_MODULE)
    project.replace("lawpipe/config/model.py", 'Literal["transformer"]', 'Literal["transformer", "renamed"]')


def add_analysis(project: Project) -> None:
    (project.folder / "lawpipe/analysis/last_loss.py").write_text(ANALYSIS_MODULE)
    project.replace("lawpipe/run/tables/summary.py", '"objective_{}', '"last_loss_{}, objective_{}')
    summary, imported = "lawpipe/analysis/summary.py", "from lawpipe.analysis.curves import Losses\n"
    project.replace(summary, imported, f"{imported}from lawpipe.analysis.last_loss import last_loss\n")
    line = "            if tuned is not None:\n"
    project.replace(summary, line, f'            numbers["last_loss"] = last_loss(of_set[policy])\n{line}')


def add_figure(project: Project) -> None:
    module = project.folder / "lawpipe/figures/similarity.py"
    module.write_text(f"import matplotlib.pyplot as plt\n{module.read_text()}{FIGURE}")
    start = "FIGURES: tuple[Entry, ...] = (\n"
    project.replace("lawpipe/results/catalogue.py", start, start + ENTRY)


def add_claim(project: Project) -> None:
    start = "OWN_STATEMENTS: tuple[Claim, ...] = ("
    project.replace("lawpipe/paper/claims.py", f"{start})", f"{start}\n{CLAIM})")


def test_a_new_column_figure_and_claim_rerun_what_shows_them(copy: Callable[[], Project]) -> None:
    project = copy()
    for add in (add_analysis, add_figure, add_claim):
        add(project)
    planned = project.plan().jobs
    assert set(planned) == {"summarise", "describe", "report", "all"}


CONFIG = """
experiments:
  perceptron: {seeds: [0], policies: [conventional, near_optimal, half], search: {method: renamed}}
  perceptron_noisy: {in_all: false}
  stories: {in_all: false, model: {architecture: renamed}}
"""


def test_every_recipe_gives_what_it_promises(copy: Callable[[], Project]) -> None:
    project = copy()
    for add in (add_policy, add_search_method, add_model, add_analysis, add_figure, add_claim):
        add(project)
    targets = ("claims.parquet", "perceptron/figures", "stories/seed0/theta0.parquet")
    run = project.snakemake(
        *(f"results-small/{target}" for target in targets),
        configs=("config/small.yaml", project.write_config(CONFIG)),
    )
    assert run.returncode == 0, run.stdout
    seed = project.results / "perceptron/seed0"
    weights = artifacts.matrix(artifacts.read(seed / "policies/half.parquet", POLICY), "weights")
    assert (weights > 0).mean() == 0.5
    assert artifacts.metadata(seed / "search.parquet")["settings"]["search"]["method"] == "renamed"
    theta0 = project.results / "stories/seed0/theta0.parquet"
    assert artifacts.read(theta0, THETA0).num_rows > 0
    assert artifacts.metadata(theta0)["settings"]["model"]["architecture"] == "renamed"
    summary = {row["policy"]: row for row in artifacts.read_parquet(seed / "summary.parquet").to_pylist()}
    curves = artifacts.read_parquet(seed / "curves.parquet").to_pylist()
    assert summary.keys() >= {"half", "near_optimal"}
    for policy, row in summary.items():
        last = max((curve for curve in curves if curve["policy"] == policy), key=lambda curve: curve["step"])
        assert row["last_loss_desired"] == last["desired_loss"]
    assert (project.results / "perceptron/figures/last_losses.svg").is_file()
    claims = artifacts.read_parquet(project.results / "claims.parquet").to_pylist()
    (claim,) = (row for row in claims if row["claim"] == "ends_lower")
    ratio = summary["near_optimal"]["last_loss_desired"] / summary["conventional"]["last_loss_desired"]
    assert claim["ours"] == pytest.approx(ratio)
    assert claim["source"] == "your own"
