"""The cost of an experiment: estimated before it runs, and as recorded by its jobs.

Imports `config` and the rooms below it.
"""
