"""Stories of the grammar with the paper's perturbation, and a Transformer for them, for benchmarks on a CPU."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from lawpipe.compute import devices
from lawpipe.data import corpus, tokenizer
from lawpipe.problems.language_model import perturb, windows
from lawpipe.problems.language_model.losses import LanguageModel
from lawpipe.problems.language_model.models.transformer import Transformer
from lawpipe.run import random
from lawpipe.run.splits import REFERENCES, REQUIRED


@dataclass(frozen=True)
class Stories:
    """Windows of stories of the grammar, half of the training windows perturbed, and a Transformer for them."""

    model: Transformer
    train: npt.NDArray[np.int32]
    references: dict[str, npt.NDArray[np.int32]]
    theta0: torch.Tensor

    def problem(self, dtype: torch.dtype = torch.float32, micro_batch: int | None = None) -> LanguageModel:
        """Return the problem on the CPU."""
        return LanguageModel(self.model, self.train, self.references, dtype, devices.device("cpu"), micro_batch)


def draw(
    examples: int, reference_examples: int, *, vocabulary: int = 512, width: int = 32, heads: int = 2, seed: int = 0
) -> Stories:
    """Draw stories with the paper's perturbation: windows of 32 tokens, for a Transformer of two layers."""
    told = corpus.load({"source": "grammar", "stories": 20_000, "seed": 0, "near_copies": "ignore"})
    trained = tokenizer.make({"kind": "bpe", "vocabulary": vocabulary}, told.stories)
    shape = {
        "length": 32,
        "minimum_fill": 0.25,
        "train_examples": examples,
        **{f"{name}_examples": reference_examples for name in REFERENCES},
    }
    cut = windows.make(trained.encode(told.stories), told.rows, shape, seed, REQUIRED)
    mix = {"fraction": 0.5, "operations": 20, "mix": {"replace": 1, "delete": 1, "repeat": 1}}
    train, _ = perturb.apply(cut["train"].tokens, trained.size, mix, seed)
    model = Transformer(trained.size, 32, width, 2, heads)
    values = model.initialise(random.generator(seed, "initialisation"))
    theta0 = torch.cat([torch.from_numpy(values[name]).float().flatten() for name in model.shapes])
    return Stories(model, train, {name: cut[name].tokens for name in REFERENCES}, theta0)
