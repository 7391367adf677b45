"""The figures of one experiment: results in, pictures out.

Imports `paper`, `results` and the rooms below them.
"""
