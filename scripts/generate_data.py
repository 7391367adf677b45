"""Draw the examples of one experiment and seed, or check and copy the user's own.

Takes nothing but its settings (and, with `data.folder`, the user's train, desired, test and, if the settings
ask for one, validation.parquet). Gives one Parquet file a split with `features`, `label` and `flipped`.
"""

from pathlib import Path

from lawpipe import stage
from lawpipe.data import examples, gaussian


def main(argv: list[str] | None = None) -> None:
    """Write the splits whose options are given."""
    parser = stage.parser(__doc__)
    for split in ("train", "desired", "test"):
        parser.add_argument(f"--{split}", type=Path, required=True, help=f"output: the {split} examples")
    parser.add_argument("--validation", type=Path, help="output: the validation examples, if there are any")
    with stage.job(parser.parse_args(argv), __file__) as job:
        targets = {
            split: path
            for split in ("train", "desired", "test", "validation")
            if (path := getattr(job.options, split)) is not None
        }
        data = job.settings["data"]
        if data["folder"] is None:
            splits = gaussian.draw(data, job.settings["seed"], tuple(targets))
        else:
            splits = examples.import_splits(Path(data["folder"]), tuple(targets))
        for split, path in targets.items():
            job.write(path, "gaussian_examples", splits[split].columns())
        print(examples.describe(splits))


if __name__ == "__main__":
    stage.run(main)
