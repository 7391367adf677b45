"""Draw the examples of one experiment and seed, or check and copy the user's own.

Gives one Parquet file per split. For the perceptron it has the columns `features`, `label` and `flipped`; the
examples come from the settings alone or, with `data.folder`, from the user's train, desired, test and (if the
settings ask for it) validation.parquet. For a language model it has `tokens`, `perturbed` and `story`, cut from the
experiment's tokenised corpus.
"""

from lawpipe.problems import examples
from lawpipe.run import stage
from lawpipe.run.splits import SPLITS


@stage.script(
    tokens=stage.option("the tokenised corpus, of a language model", required=False),
    **{split: stage.option(f"output: {split} examples", required=split != "validation") for split in SPLITS},
)
def main(job: stage.Job) -> None:
    """Write the splits whose options are given."""
    targets = {split: path for split in SPLITS if (path := getattr(job.options, split)) is not None}
    drawn = examples.draw(job.settings, tuple(targets), job.options.tokens)
    for split, path in targets.items():
        job.write(path, drawn.table, drawn.splits[split])
    print(drawn.summary)
