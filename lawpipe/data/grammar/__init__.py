"""The embedded grammar: a generator of stories, and its words as text.

Imports `run`.
"""
