"""The config for real stories, reduced, from the user's file to the summary; where a sample of TinyStories exists."""

import pytest

from lawpipe.run import artifacts
from lawpipe.run.tables.summary import SUMMARY_OVER_SEEDS
from tests.data.test_real_stories import FOUND, PLACES
from tests.workflow.copies import Project, duplicate

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(FOUND is None, reason=f"no TinyStories sample: looked for {PLACES[0]} and {PLACES[1]}"),
]

REDUCED = """
experiments:
  stories_h32:
    seeds: [0]
    data:
      train_examples: 24
      desired_examples: 12
      test_examples: 12
      length: 16
      corpus: {stories: 1000}
      tokenizer: {kind: mistral, vocabulary: 300}
    model: {hidden: 8, heads: 2}
    training: {steps: 10}
    search: {iterations: 2, snapshots: [1]}
    analysis: {measured_steps: 4}
"""


def test_a_file_of_real_stories_takes_the_place_of_the_hub(bare: Project, tmp_path) -> None:
    duplicate(bare.folder, tmp_path / "copy")
    project = Project(tmp_path / "copy")
    configs = ("config/tinystories.yaml", project.write_config(REDUCED))
    run = project.snakemake(
        "results-tinystories/stories_h32/summary.parquet", configs=configs, LAWPIPE_STORIES=str(FOUND)
    )
    assert run.returncode == 0, run.stdout
    folder = project.folder / "results-tinystories/stories_h32"
    rows = artifacts.read(folder / "summary.parquet", SUMMARY_OVER_SEEDS).to_pylist()
    searched = {row["quantity"]: row["mean"] for row in rows if row["policy"] == "near_optimal"}
    start = {row["quantity"]: row["mean"] for row in rows if row["policy"] == "conventional"}
    assert searched["objective_desired"] < start["objective_desired"]
    settings = artifacts.metadata(folder / "tokens.parquet")["settings"]
    assert settings["data"]["corpus"]["path"] == str(FOUND)


def test_a_file_that_is_not_there_is_one_sentence(bare: Project) -> None:
    run = bare.snakemake("--dry-run", configs=("config/tinystories.yaml",), LAWPIPE_STORIES="/nowhere/stories.txt")
    assert run.returncode != 0
    assert (
        "experiments.stories_h32.data.corpus.path is '/nowhere/stories.txt', as LAWPIPE_STORIES says, "
        "expected a file of text there"
    ) in run.stdout
    assert "Traceback" not in run.stdout
