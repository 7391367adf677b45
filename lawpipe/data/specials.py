"""The two ids that every tokeniser shares; in a module of its own, so that a model needs no tokeniser library."""

#: The id of whatever the vocabulary lacks, and of the filling behind a short text, which is never predicted.
UNKNOWN, PAD = 0, 1
SPECIALS = ("[UNK]", "[PAD]")
