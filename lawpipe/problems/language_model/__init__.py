"""Language models on windows of a tokenised corpus, some of them perturbed.

Imports what `problems` may, and no other problem.
"""
