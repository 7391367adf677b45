"""Reading a run's tables; intervals, numbers and tables as text; the catalogue of figures.

Imports `config`, `analysis` and the rooms below them.
"""
