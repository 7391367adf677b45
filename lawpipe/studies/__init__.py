"""Comparisons of several experiments: a module each with its rows, figure and table.

Imports `report` and the rooms below it.
"""
