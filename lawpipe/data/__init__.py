"""Text corpora: reading them, writing stories from a grammar, tokenisers.

Imports `run`.
"""
