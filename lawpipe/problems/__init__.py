"""The learning problems: a folder each with its examples, initial parameters and losses; `own` is one of functions.

Imports `run`, `compute` and `data`.
"""
