"""A language model's examples: windows of a tokenised corpus, some of those for training perturbed."""

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


def draw(settings: Mapping[str, Any], splits: Sequence[str], tokens: Path | None) -> Drawn:
    """Cut the windows of every split and perturb training examples as `data.perturbation` says."""
    if tokens is None:
        raise InputError("the tokenised corpus is missing: give it with --tokens, as prepare_corpus wrote it.")
    data, seed = settings["data"], settings["seed"]
    table = artifacts.read(tokens, "tokens")
    stories = [np.asarray(ids) for ids in table.column("tokens").to_numpy(zero_copy_only=False)]
    made = windows.make(stories, table.column("story").to_numpy(), data, seed, splits)
    train = made["train"]
    spoilt, perturbed = perturb.apply(train.tokens, data["tokenizer"]["vocabulary"], data["perturbation"], seed)
    made["train"] = replace(train, tokens=spoilt, perturbed=perturbed)
    return Drawn("token_examples", {split: each.columns() for split, each in made.items()}, _describe(made))


def _describe(made: Mapping[str, windows.Windows]) -> str:
    """Say how many windows there are, of how many stories, how full and how many of them perturbed."""
    parts = []
    for split, each in made.items():
        full = (each.tokens != PAD).mean()
        parts.append(f"{len(each.tokens)} {split} of {len(np.unique(each.story))} stories, {full:.0%} full")
    return f"{'; '.join(parts)}; {int(made['train'].perturbed.sum())} training examples perturbed"
