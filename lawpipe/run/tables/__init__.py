"""The artifact tables: one module per group, so that a new column counts for the stages that use its group alone.

Imports `run.table`, and `run.splits` for the names of the reference sets.
"""
