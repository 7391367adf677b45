"""Draw the examples of one experiment and seed, or check and copy the user's own.

Gives one Parquet file per split. For the perceptron it has the columns `features`, `label` and `flipped`; the
examples come from the settings alone or, with `data.folder`, from the user's train, desired, test and (if the
settings ask for it) validation.parquet. For a language model it has `tokens`, `perturbed` and `story`, cut from the
experiment's tokenised corpus.
"""

from pathlib import Path

from lawpipe.problems import examples
from lawpipe.run import stage
from lawpipe.run.splits import SPLITS


def main(argv: list[str] | None = None) -> None:
    """Write the splits whose options are given."""
    parser = stage.parser(__doc__)
    parser.add_argument("--tokens", type=Path, help="the tokenised corpus, of a language model")
    for split in SPLITS:
        parser.add_argument(f"--{split}", type=Path, required=split != "validation", help=f"output: {split} examples")
    with stage.job(parser.parse_args(argv), __file__) as job:
        targets = {split: path for split in SPLITS if (path := getattr(job.options, split)) is not None}
        drawn = examples.draw(job.settings, tuple(targets), job.options.tokens)
        for split, path in targets.items():
            job.write(path, drawn.table, drawn.splits[split])
        print(drawn.summary)


if __name__ == "__main__":
    stage.run(main)
