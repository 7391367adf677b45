"""The analyses: plain functions of numpy arrays, without torch and without files."""
