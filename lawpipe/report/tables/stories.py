"""Tables of text: the stories with the most and the least weight, and the corpus that they come from.

The text of a corpus is untrusted. It is shown on one line, with invisible control characters as code points, and the
templates escape it.
"""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lawpipe.data import tokenizer
from lawpipe.report.table import Table
from lawpipe.results import catalogue
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number, percent, plural
from lawpipe.run import artifacts
from lawpipe.run.parsing import parsing
from lawpipe.run.tables.examples import TOKEN_EXAMPLES
from lawpipe.run.tables.measurements import EXAMPLES

#: The number of stories shown from each end of the order by weight.
SHOWN = 10
#: Invisible characters that change the direction of a line or break it, and the byte order mark.
INVISIBLE = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2028\u2029\u2066\u2067\u2068\u2069\ufeff")
#: Unicode categories of control characters, surrogates, private use and unassigned code points.
CONTROL = ("Cc", "Cs", "Co", "Cn")
SYMBOLS = {"\n": "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS} ", "\t": " ", "\r": ""}

#: The counts of corpus.json and their labels.
COUNTS = {
    "records": "records read",
    "stories": "stories kept",
    "empty": "dropped: empty",
    "not_text": "dropped: not UTF-8 text",
    "too_long": "dropped: longer than 1 MiB",
    "duplicates": "dropped: exact copies of an earlier one",
    "near_copies": "near-copies of an earlier one",
}


def one_line(text: str) -> str:
    """Return a text on one line: new lines as an arrow, control and direction characters as their code points."""

    def shown(character: str) -> str:
        if character in SYMBOLS:
            return SYMBOLS[character]
        hidden = character in INVISIBLE or unicodedata.category(character) in CONTROL
        return f"<U+{ord(character):04X}>" if hidden else character

    return " ".join("".join(map(shown, text)).split())


def stories(results: Results) -> Table:
    """Return the training examples with the most and the least near-optimal weight, for the first seed."""
    seed = results.seeds[0]
    decode = tokenizer.load(results.folder / "tokenizer.json").decode
    train = artifacts.read(results.path(seed, "train"), TOKEN_EXAMPLES)
    tokens = artifacts.matrix(train, "tokens")
    story, corrupted = (train.column(name).to_numpy(zero_copy_only=False) for name in ("story", "perturbed"))
    examples: pd.DataFrame = artifacts.read(results.path(seed, "examples"), EXAMPLES).to_pandas()
    examples = examples[examples["policy"] == "near_optimal"].sort_values("row", kind="stable")
    examples = examples.sort_values("total_weight", ascending=False, kind="stable")
    count = len(examples)
    most = min(SHOWN, (count + 1) // 2)
    least = min(SHOWN, count - most)
    ends = {"most": examples.iloc[:most], "least": examples.iloc[count - least :].iloc[::-1]}
    records = [
        {
            "weight": f"{end} {rank}",
            "text": one_line(decode(tokens[example["row"]])),
            "kind": "perturbed" if corrupted[example["row"]] else "clean",
            "weight x N": number(example["total_weight"] * count),
            "first step": _step(example["first_active"]),
            "last step": _step(example["last_active"]),
            "story": str(story[example["row"]]),
        }
        for end, chosen in ends.items()
        for rank, (_, example) in enumerate(chosen.iterrows(), start=1)
    ]
    never = int((examples["total_weight"] == 0).sum())
    shown = [int(corrupted[chosen["row"].to_numpy(dtype=np.int64)].sum()) for chosen in ends.values()]
    note = (
        f"Seed {seed}: of the {most} with the most weight {shown[0]} are perturbed, of the {least} with the least "
        f"{shown[1]} (of all {count}: {int(corrupted.sum())}); "
        + (f"{plural(never, 'example')} never had any weight" if never else "every example had weight at some step")
        + (", and those shown are the last of them." if never > least else ".")
    )
    kinds = ["break" if record["weight"] == "least 1" else "" for record in records]
    return Table.from_records(catalogue.table("stories"), records, kinds, labels=3, prose=1, note=note)


def _step(value: float) -> str:
    """Write the first or last step with weight; `never` for an example without any."""
    return "never" if pd.isna(value) else str(int(value))


def corpus(results: Results) -> Table:
    """Return where the stories come from, their counts and lengths, and three of them."""
    path = results.folder / "corpus.json"
    settings = results.settings["data"]
    with parsing(path, "not a corpus's description"):
        description = json.loads(path.read_text(encoding="utf-8"))
        glimpse = description["glimpse"]
        rows = {
            "source": _source(settings["corpus"]),
            **{label: f"{glimpse['counts'][key]:,}" for key, label in COUNTS.items()},
            "words of a story": _lengths(glimpse["words"]),
            "characters of a story": _lengths(glimpse["characters"]),
            "different words": f"{glimpse['word_types']:,}",
            "tokeniser": _tokenizer(description["tokenizer"], settings["tokenizer"]["vocabulary"]),
            "tokens that are [UNK]": percent(description["unknown_share"]),
            "window": f"{settings['length'] + 1} tokens of one story",
            "fingerprint": str(description["fingerprint"]),
            **{f"story {example['story']}": str(example["text"]) for example in glimpse["examples"]},
        }
    records = [{"what": label, "value": one_line(text)} for label, text in rows.items()]
    return Table.from_records(catalogue.table("corpus"), records, labels=2, prose=1)


def _source(settings: Mapping[str, Any]) -> str:
    """Describe where the stories come from."""
    if settings["source"] == "grammar":
        return f"written by the embedded grammar, seed {settings['seed']}"
    if settings["source"] == "file":
        return f"the file {settings['path']}"
    return f"{settings['repository']} at {settings['revision']}: {', '.join(settings['files'])}"


def _lengths(statistics: Mapping[str, float]) -> str:
    """Describe the distribution of a length."""
    return (
        f"mean {number(statistics['mean'])}, median {number(statistics['median'])}, nine in ten between "
        f"{number(statistics['5%'])} and {number(statistics['95%'])}, longest {statistics['most']:,.0f}"
    )


def _tokenizer(description: Mapping[str, Any], vocabulary: int) -> str:
    """Describe the tokeniser."""
    ids = f"{vocabulary:,} ids, [UNK] and pad among them"
    if description["kind"] == "bpe":
        return f"byte-level byte-pair encoding trained on this corpus: {ids}"
    return f"the SentencePiece model of Mistral-7B-v0.1 (SHA-256 {description['sha256']}), its most frequent {ids}"
