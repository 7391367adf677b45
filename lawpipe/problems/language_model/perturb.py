"""Perturbed training examples (arXiv 2402.17759, section 4: the language-model experiment).

Half of the training sequences get 20 operations in turn, each one of: replace a token by a random one of the
vocabulary, delete the last token, repeat one token. Desired, validation and test sequences stay clean. The
fraction, the number of operations and the mix are settings. What the paper leaves open is decided here:

- The operations act on the window of tokens that the model sees, after it was cut from its story: so a deletion
  shortens the example (pads follow), and its place is not filled by what stood next in the story.
- Exactly round(fraction x N) sequences are perturbed, the first of one random order: a larger fraction perturbs the
  same ones, by the same operations, and more.
- Each operation draws its kind on its own, by the weights of the mix (equal by default); more operations begin
  with the same ones.
- Replace: a place uniform over the tokens there are, pads excluded, gets a token uniform over the vocabulary
  without [UNK] and pad. It may happen to be the same token.
- Delete: the last token that is no pad becomes a pad. Two tokens always stay, for with fewer the sequence has
  nothing to predict and no loss; the operation is then spent without effect.
- Repeat: a copy of a token, its place uniform over the tokens there are, is inserted right after it, and
  what follows moves up by one. In a full window the last token drops out, so the last one itself stays single.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.data.specials import PAD, SPECIALS
from lawpipe.run import random
from lawpipe.run.errors import InputError

#: The kinds of operation, in the order of their share of a random number in [0, 1).
OPERATIONS = ("replace", "delete", "repeat")

#: Deleting stops here: one token to read and one to predict.
FEWEST_TOKENS = 2


def apply(
    tokens: npt.NDArray[np.int32], vocabulary: int, settings: Mapping[str, Any], seed: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return the training windows [N, L + 1] with some of them perturbed, and which: `perturbed` bool [N].

    `settings` is the `perturbation` block: `fraction` in [0, 1], `operations` (how many each gets) and `mix`, a
    weight >= 0 for each of replace, delete and repeat. Choice, kinds, places and replacements have a random
    substream each. The windows given are not changed.

    Raises InputError if no operation of the mix has a weight, or if there is no token to draw a replacement from.
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
    # Drawn for every sequence, perturbed or not: what one gets does not depend on how many get something.
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
    places: npt.NDArray[np.float64],
    replacements: npt.NDArray[np.int32],
) -> npt.NDArray[np.int32]:
    """Apply row after row of operations [operations, M] to all sequences [M, L + 1] at once.

    `places` are in [0, 1), a share of the tokens that the sequence has at that moment.
    """
    tokens = tokens.copy()
    width = tokens.shape[1]
    columns = np.arange(width)
    lengths = (tokens != PAD).sum(axis=1)
    for kind, share, replacement in zip(kinds, places, replacements, strict=True):
        place = np.minimum((share * lengths).astype(np.int64), lengths - 1)

        rows = np.flatnonzero(kind == OPERATIONS.index("replace"))
        tokens[rows, place[rows]] = replacement[rows]

        rows = np.flatnonzero((kind == OPERATIONS.index("delete")) & (lengths > FEWEST_TOKENS))
        lengths[rows] -= 1
        tokens[rows, lengths[rows]] = PAD

        rows = np.flatnonzero(kind == OPERATIONS.index("repeat"))
        source = columns - (columns > place[rows, None])
        tokens[rows] = np.take_along_axis(tokens[rows], source, axis=1)
        lengths[rows] = np.minimum(lengths[rows] + 1, width)
    return tokens
