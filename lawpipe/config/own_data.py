"""What the user's own files determine: the sizes of examples in a folder, and the defaults for a file of text."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Any

from lawpipe.config import plan
from lawpipe.config.messages import show
from lawpipe.run.errors import InputError

#: The keys of `data` whose values follow from the files of `data.folder`.
FROM_FILES = (
    *("dimension", "train_examples", "desired_examples", "test_examples"),
    *("train_variance", "desired_mean", "desired_variance", "flip_fraction", "flip_by"),
)

#: The defaults for a file of text: a run of about an hour on two cores. A small file has smaller ones.
TEXT: dict[str, dict[str, Any]] = {
    "data": {"train_examples": 128, "desired_examples": 64, "test_examples": 64, "length": 32},
    "model": {"hidden": 32, "heads": 2},
    "training": {"steps": 100},
}
VOCABULARY = 512

#: The number of stories that the defaults for a file are computed from.
LOOKED_AT = 2000

#: Assumed characters per token, more than there are, and the shares of the windows for training and for another set.
CHARACTERS, TRAINING, ANOTHER = 4.0, 0.5, 0.15


def determined(written: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield a sentence for each key that the files determine and that a block `data` with a folder sets."""
    for name in FROM_FILES:
        if name in written:
            yield (
                f"{path}.{name} is {show(written[name])}, but the examples are those of {path}.folder, whose files "
                "determine it: leave it out."
            )


def without_sizes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block `data` without the keys that the files determine."""
    return {name: value for name, value in data.items() if name not in FROM_FILES}


def read_sizes(settings: dict[str, Any]) -> None:
    """Set the sizes of complete settings with `data.folder`, and the share of flipped labels, to those of the files.

    What cannot be read keeps its default: the stage that imports the files reports it.
    """
    # A config without files of the user's needs no Arrow.
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = settings["data"]
    for split in plan.splits(settings):
        with suppress(OSError, pa.ArrowException, KeyError, TypeError, IndexError, StopIteration):
            file = pq.ParquetFile(Path(data["folder"], f"{split}.parquet"))
            data[f"{split}_examples"] = file.metadata.num_rows
            if split == "train":
                data["dimension"] = len(next(file.iter_batches(1, columns=["features"]))["features"][0])
                if "flipped" in file.schema_arrow.names:
                    flipped = file.read(["flipped"]).column("flipped").cast(pa.float64())
                    data["flip_fraction"] = float(flipped.to_numpy().mean())


def text_defaults(settings: Mapping[str, Any], corpus: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return defaults that fit a file of text, for an experiment's settings as written; `corpus` is complete.

    Without the file they are those of a large one.
    """
    # The libraries behind it are large, and no other config needs them.
    from lawpipe.data import corpus as corpora

    stories: list[str] = []
    with suppress(InputError):
        most = min(corpus["stories"] or LOOKED_AT, LOOKED_AT)
        stories = list(corpora.load({**corpus, "stories": most, "near_copies": "ignore"}).stories)
    defaults = {name: dict(block) for name, block in TEXT.items()}
    defaults["data"]["tokenizer"] = {"vocabulary": _vocabulary(stories)}
    if 0 < len(stories) < LOOKED_AT:
        written = settings.get("data", {})
        length = written.get("length", defaults["data"]["length"])
        windows = _windows(stories, length, written.get("minimum_fill", 0.25))
        for split, share in (("train", TRAINING), ("desired", ANOTHER), ("test", ANOTHER)):
            key = f"{split}_examples"
            defaults["data"][key] = max(1, min(defaults["data"][key], int(share * windows)))
    return defaults


def _vocabulary(stories: list[str]) -> int:
    """Return a vocabulary that byte-pair encoding fills: one token for each byte, and most of the frequent words.

    Every word that comes at least twice becomes a token; it counts here from four times on, because the tokeniser
    tells the same word with and without a space before it apart.
    """
    if not stories:
        return VOCABULARY
    counts = Counter(word for story in stories for word in re.findall(r"[^\W\d_]{2,}", story))
    words = sum(count >= 4 for count in counts.values())
    alphabet = len(set(b"".join(story.encode() for story in stories)))
    return min(max(VOCABULARY, alphabet + 64), alphabet + 3 + int(0.8 * words))


def _windows(stories: list[str], length: int, minimum_fill: float) -> int:
    """Return about how many windows the stories give, rather too few."""
    width = length + 1
    tokens = [int(len(story) / CHARACTERS) for story in stories]
    return sum(count // width + (count % width >= max(2, ceil(minimum_fill * width))) for count in tokens)
