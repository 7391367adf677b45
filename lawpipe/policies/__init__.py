"""The policies: one module each, with a record of its properties and the code that makes it.

Imports `search`, `online` and the rooms below them.
"""
