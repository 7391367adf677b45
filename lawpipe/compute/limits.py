"""Limits on the memory of a training run, for the engine and for the estimates made before it."""

#: Bytes that the parameters theta[0..T] of one training run may take on a CPU if all are kept.
PATH_BYTES = 2**30

#: Tokens, and logits, of a language model's micro-batch on a CPU at most: the logits take the memory.
MICRO_TOKENS, MICRO_LOGITS = 2**12, 2**23

#: Bytes that the gradients of the desired loss on the way of a run with feedback may take, to be used again.
SLOPE_BYTES = 2**26
