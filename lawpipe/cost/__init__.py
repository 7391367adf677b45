"""What an experiment takes: operations, memory, disk and time, before it runs.

Imports `config` and the rooms below it.
"""
