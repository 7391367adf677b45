"""Studies: comparisons of several experiments, and recorded benchmarks; one module each with rows, figure and table.

Imports `report` and the rooms below it.
"""
