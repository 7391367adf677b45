"""The perceptron on labelled features, drawn from a Gaussian teacher or the user's own.

Imports what `problems` may, and no other problem.
"""
