"""Perturbed training examples (arXiv 2402.17759, section 4: the language-model experiment).

Half of the training sequences are perturbed by 20 operations in sequence. Each operation replaces a token by a random
one, deletes the last token, or repeats a token. Desired, validation and test sequences are clean. The fraction, the
number of operations and their mix are settings. Choices that the paper leaves open:

- Operations act on the window of tokens that the model sees. A deletion therefore shortens the example, which is
  padded and not refilled from the story.
- Exactly round(fraction N) sequences are perturbed, the first of a random permutation. A larger fraction perturbs the
  same sequences by the same operations, and more.
- The kind of each operation is drawn independently with the weights of the mix (equal by default). A larger number of
  operations begins with the same ones.
- Replace: a position, uniform over the tokens that are not pads, gets a token that is uniform over the vocabulary
  without [UNK] and pad. It may equal the old token.
- Delete: the last token that is not a pad becomes a pad. A sequence of two tokens is left as it is, because a shorter
  one has no target and no loss.
- Repeat: a copy of a token, at a position uniform over the tokens that are not pads, is inserted after it, and the
  tokens behind it move up by one. In a full window the last token drops out, so repeating it has no effect.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.data.specials import PAD, SPECIALS
from lawpipe.run import random
from lawpipe.run.errors import InputError

#: The kinds of operation, in the order of their intervals of a random number in [0, 1).
OPERATIONS = ("replace", "delete", "repeat")

#: Tokens at which no more are deleted: one input and one target.
FEWEST_TOKENS = 2


def apply(
    tokens: npt.NDArray[np.int32], vocabulary: int, settings: Mapping[str, Any], seed: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return a copy of the training windows, some of them perturbed, and which ones are.

    The choice of sequences, the kinds, the positions and the replacements have a random substream each.

    `settings` is the `perturbation` block: `fraction` in [0, 1], `operations` per sequence, and `mix`, a weight >= 0
    for each of replace, delete and repeat. Returns the windows, [N, L + 1], and `perturbed`, bool [N].

    Raises InputError if all weights of the mix are 0, or the vocabulary has no token for a replacement.
    """
    weights = np.asarray([settings["mix"][kind] for kind in OPERATIONS], dtype=np.float64)
    if not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise InputError(
            f"perturbation.mix is {dict(settings['mix'])}: expected weights of at least 0, one of them above 0."
        )
    if vocabulary <= len(SPECIALS):
        raise InputError(
            f"a vocabulary of {vocabulary} has no token but [UNK] and pad: set tokenizer.vocabulary higher."
        )
    count, operations = len(tokens), settings["operations"]
    chosen = random.generator(seed, "perturbation", "choice").permutation(count)[
        : round(settings["fraction"] * count)
    ]
    # Drawn for every sequence, perturbed or not, so that the operations of one do not depend on the fraction.
    size = (operations, count)
    drawn = {
        name: random.generator(seed, "perturbation", name).random(size)[:, chosen]
        for name in ("kind", "place", "replacement")
    }
    kinds = np.searchsorted(np.cumsum(weights / weights.sum())[:-1], drawn["kind"], side="right")
    replacements = len(SPECIALS) + (drawn["replacement"] * (vocabulary - len(SPECIALS))).astype(np.int32)

    result = tokens.copy()
    result[chosen] = _operate(tokens[chosen], kinds, drawn["place"], replacements)
    perturbed = np.zeros(count, dtype=np.bool_)
    perturbed[chosen] = True
    return result, perturbed


def _operate(
    tokens: npt.NDArray[np.int32],
    kinds: npt.NDArray[np.int64],
    shares: npt.NDArray[np.float64],
    replacements: npt.NDArray[np.int32],
) -> npt.NDArray[np.int32]:
    """Apply operations, kinds [operations, M], one after the other to all sequences [M, L + 1] together.

    `shares` are positions in [0, 1), as a fraction of the current number of tokens of the sequence.
    """
    tokens = tokens.copy()
    width = tokens.shape[1]
    columns = np.arange(width)
    lengths = (tokens != PAD).sum(axis=1)
    for kind, share, replacement in zip(kinds, shares, replacements, strict=True):
        position = np.minimum((share * lengths).astype(np.int64), lengths - 1)

        rows = np.flatnonzero(kind == OPERATIONS.index("replace"))
        tokens[rows, position[rows]] = replacement[rows]

        rows = np.flatnonzero((kind == OPERATIONS.index("delete")) & (lengths > FEWEST_TOKENS))
        lengths[rows] -= 1
        tokens[rows, lengths[rows]] = PAD

        rows = np.flatnonzero(kind == OPERATIONS.index("repeat"))
        source = columns - (columns > position[rows, None])
        tokens[rows] = np.take_along_axis(tokens[rows], source, axis=1)
        lengths[rows] = np.minimum(lengths[rows] + 1, width)
    return tokens
