"""The tables that show text: the stories a policy chose and left out, and the corpus they come from.

The text is anybody's. It is shown on one line, with whatever would act on the line around it made visible; the
page's templates escape it.
"""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lawpipe.data import tokenizer
from lawpipe.report.table import Row, Table
from lawpipe.results import catalogue
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number, percent, plural
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError

#: Stories shown from each end of the order by weight.
SHOWN = 10
#: What turns or breaks a line without being seen: marks of direction, separators of lines, a byte order mark.
UNSEEN = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2028\u2029\u2066\u2067\u2068\u2069\ufeff")
SYMBOLS = {"\n": "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS} ", "\t": " ", "\r": ""}

#: Keys of the corpus's counts, in words.
COUNTS = {
    "records": "records read",
    "stories": "stories kept",
    "empty": "dropped: empty",
    "not_text": "dropped: not UTF-8 text",
    "too_long": "dropped: longer than 1 MiB",
    "duplicates": "dropped: exact copies of an earlier one",
}


def one_line(text: str) -> str:
    """Return a text on one line: new lines as an arrow, control and direction marks as their code points."""

    def shown(character: str) -> str:
        if character in SYMBOLS:
            return SYMBOLS[character]
        if character in UNSEEN or unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn"):
            return f"<U+{ord(character):04X}>"
        return character

    return " ".join("".join(map(shown, text)).split())


def stories(results: Results) -> Table:
    """The training examples with the most and the least weight under the near-optimal policy of the first seed."""
    seed = results.seeds[0]
    decode = tokenizer.load(results.folder / "tokenizer.json").decode
    train = artifacts.read(results.path(seed, "train"), "token_examples")
    tokens = artifacts.matrix(train, "tokens")
    story, perturbed = (train.column(name).to_numpy(zero_copy_only=False) for name in ("story", "perturbed"))
    used: pd.DataFrame = artifacts.read(results.path(seed, "examples"), "examples").to_pandas()
    used = used[used["policy"] == "near_optimal"].sort_values(
        ["total_weight", "row"], ascending=[False, True], kind="stable"
    )
    count = len(used)
    most = min(SHOWN, (count + 1) // 2)
    least = min(SHOWN, count - most)
    ends = [("most", used.iloc[:most]), ("least", used.iloc[count - least :].iloc[::-1])]
    rows = []
    for end, chosen in ends:
        for place, (_, use) in enumerate(chosen.iterrows(), start=1):
            row = int(use["row"])
            rows.append(
                Row(
                    (
                        f"{end} {place}",
                        one_line(decode(tokens[row])),
                        "perturbed" if perturbed[row] else "clean",
                        number(use["total_weight"] * count),
                        _step(use["first_active"]),
                        _step(use["last_active"]),
                        str(int(story[row])),
                    ),
                    "break" if (end, place) == ("least", 1) else "",
                )
            )
    never = int((used["total_weight"] == 0).sum())
    spoilt = [int(perturbed[chosen["row"].to_numpy(dtype=np.int64)].sum()) for _, chosen in ends]
    note = (
        f"Seed {seed}: of the {most} with the most weight {spoilt[0]} are perturbed, of the {least} with the least "
        f"{spoilt[1]} (of all {count}: {int(perturbed.sum())}); "
        + (f"{plural(never, 'example')} never had any weight" if never else "every example had weight at some step")
        + (", and those shown are the last of them." if never > least else ".")
    )
    header = ("weight", "text", "kind", "weight x N", "first step", "last step", "story")
    return Table(catalogue.table("stories"), header, tuple(rows), labels=3, prose=1, note=note)


def _step(value: float) -> str:
    """Write a step, which an example without any weight has none of."""
    return "never" if pd.isna(value) else str(int(value))


def corpus(results: Results) -> Table:
    """Where the stories come from, and three of them."""
    path = results.folder / "corpus.json"
    settings = results.settings["data"]
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        glimpse, described = found["glimpse"], found["tokenizer"]
        rows = [
            ("source", _source(settings["corpus"])),
            *((words, f"{glimpse['counts'][key]:,}") for key, words in COUNTS.items()),
            ("words of a story", _lengths(glimpse["words"])),
            ("characters of a story", _lengths(glimpse["characters"])),
            ("different words", f"{glimpse['word_types']:,}"),
            ("tokeniser", _tokenizer(described, settings["tokenizer"]["vocabulary"])),
            ("tokens that are [UNK]", percent(found["unknown_share"])),
            ("window", f"{settings['length'] + 1} tokens of one story"),
            ("fingerprint", str(found["fingerprint"])),
            *((f"story {example['story']}", str(example["text"])) for example in glimpse["examples"]),
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not a corpus's description ({type(error).__name__}: {error}): delete it and run again."
        ) from error
    cells = tuple(Row((label, one_line(text))) for label, text in rows)
    return Table(catalogue.table("corpus"), ("what", "value"), cells, labels=2, prose=1)


def _source(settings: Mapping[str, Any]) -> str:
    """Say where the stories come from."""
    if settings["source"] == "grammar":
        return f"written by the embedded grammar, seed {settings['seed']}"
    if settings["source"] == "file":
        return f"the file {settings['path']}"
    return f"{settings['repository']} at {settings['revision']}: {', '.join(settings['files'])}"


def _lengths(found: Mapping[str, float]) -> str:
    """Say how long stories are."""
    return (
        f"mean {number(found['mean'])}, median {number(found['median'])}, nine in ten between "
        f"{number(found['5%'])} and {number(found['95%'])}, longest {found['most']:,.0f}"
    )


def _tokenizer(described: Mapping[str, Any], vocabulary: int) -> str:
    """Say how text became tokens."""
    ids = f"{vocabulary:,} ids, [UNK] and pad among them"
    if described["kind"] == "bpe":
        return f"byte-level byte-pair encoding trained on this corpus: {ids}"
    return f"the SentencePiece model of Mistral-7B-v0.1 (SHA-256 {described['sha256']}), its most frequent {ids}"
