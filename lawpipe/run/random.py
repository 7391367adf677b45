"""Named random substreams: every random number of a run comes from one of these."""

import hashlib

import numpy as np


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return the random generator of the substream `names` of `seed`.

    Streams are independent of each other and of the order in which they are asked for, so adding a draw to
    one (the training examples, say) leaves every other (the teacher, the initialisation) as it was. Two
    experiments with the same seed share the streams of the same name, which makes them paired.
    """
    digest = hashlib.sha256("/".join(names).encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.default_rng([seed, *words])
