"""Analyses of curves, weights and contributions: arrays in, numbers out.

Imports no other room, and no PyTorch.
"""
