"""Examples and initial parameters."""

from lawpipe.run.table import table

GAUSSIAN_EXAMPLES = table("gaussian_examples", "features: array[float32], label: int8, flipped: bool")

TOKEN_EXAMPLES = table("token_examples", "tokens: array[int32], perturbed: bool, story: int64")

#: A whole corpus, one row per story; `story` is its row in the source. With near-copies also `original`: the row here
#: of the first of its near-copies.
TOKENS = table("tokens", "story: int64, tokens: list[int32]")

#: The initial parameters, one row per tensor.
THETA0 = table("theta0", "name: string, shape: list[int64], values: list[float32]")
