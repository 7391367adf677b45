"""The two ids that all tokenisers share, in a module without the tokeniser libraries, which models do not need."""

#: The id of everything outside the vocabulary, and the id that fills up short texts and is never predicted.
UNKNOWN, PAD = 0, 1
SPECIALS = ("[UNK]", "[PAD]")
