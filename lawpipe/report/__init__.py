"""The page: its sentences, tables and figures.

Imports `figures` and the rooms below it.
"""
