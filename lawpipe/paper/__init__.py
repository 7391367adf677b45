"""What the paper reports and claims, and the rules that judge it.

Imports `results` and the rooms below it.
"""
