"""The learning problems: a folder each with its examples, initial parameters and losses.

Imports `run`, `compute` and `data`.
"""
