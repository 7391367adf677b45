"""Where and in which precision numbers are computed: devices, matrix products, CUDA graphs.

Imports `run`.
"""
