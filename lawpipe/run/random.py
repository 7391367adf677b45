"""Named random substreams, the source of every random number of a run."""

import hashlib

import numpy as np


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return the random generator of the substream `names` of `seed`.

    Streams are independent of each other and of the order in which they are created: one more draw from one (the
    training examples) leaves the others (the teacher, the initialisation) unchanged. Two experiments with the same
    seed share the streams of the same name, so that they are paired.
    """
    digest = hashlib.sha256("/".join(names).encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.default_rng([seed, *words])
