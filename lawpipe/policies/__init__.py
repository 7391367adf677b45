"""The policies that the search does not make: one module each.

Imports `search`, `online` and the rooms below them.
"""
