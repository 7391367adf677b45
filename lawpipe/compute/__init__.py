"""Where and in which precision numbers are computed: devices, matrix products, compiled loops, CUDA graphs.

Imports `run`.
"""
