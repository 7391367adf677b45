"""One training run and its derivatives: trajectory, adjoint, projection, measurement.

Imports `problems` and the rooms below it.
"""
