"""Examples of a language model: windows of a tokenised corpus, some of the training windows perturbed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lawpipe.data.specials import PAD
from lawpipe.problems.examples import Drawn
from lawpipe.problems.language_model import perturb, windows
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.examples import TOKEN_EXAMPLES, TOKENS


def draw(settings: Mapping[str, Any], splits: Sequence[str], tokens: Path | None) -> Drawn:
    """Cut the windows of every split, and perturb training windows as set in `data.perturbation`."""
    if tokens is None:
        raise InputError("the tokenised corpus is missing: give it with --tokens, as prepare_corpus wrote it.")
    data, seed = settings["data"], settings["seed"]
    table = artifacts.read(tokens, TOKENS)
    stories = [np.asarray(ids) for ids in table.column("tokens").to_numpy(zero_copy_only=False)]
    originals = table.column("original").to_numpy() if "original" in table.column_names else None
    cut = windows.make(stories, table.column("story").to_numpy(), data, seed, splits, originals)
    vocabulary = data["tokenizer"]["vocabulary"]
    tokens_perturbed, perturbed = perturb.apply(cut["train"].tokens, vocabulary, data["perturbation"], seed)
    cut["train"] = replace(cut["train"], tokens=tokens_perturbed, perturbed=perturbed)
    return Drawn(TOKEN_EXAMPLES, {split: examples.columns() for split, examples in cut.items()}, _describe(cut))


def _describe(splits: Mapping[str, windows.Windows]) -> str:
    """Return, in a line, the number of windows of each split, of their stories, and how full the windows are."""
    parts = []
    for split, examples in splits.items():
        full = (examples.tokens != PAD).mean()
        parts.append(f"{len(examples.tokens)} {split} of {len(np.unique(examples.story))} stories, {full:.0%} full")
    return f"{'; '.join(parts)}; {int(splits['train'].perturbed.sum())} training examples perturbed"
