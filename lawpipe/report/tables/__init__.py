"""The tables of the page, one module per topic.

Imports the rooms below `report`.
"""
