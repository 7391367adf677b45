"""The figures: one experiment's artifacts over all its seeds, drawn beside what the paper shows."""
