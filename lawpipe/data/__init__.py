"""Data sources: where the training, desired and test examples come from."""
