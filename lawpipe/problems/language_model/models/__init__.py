"""The architectures of language models, as functions of their parameters.

Imports `run` and `compute`.
"""
