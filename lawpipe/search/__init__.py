"""The outer optimisation: the search for a near-optimal policy.

Imports `engine` and the rooms below it.
"""
