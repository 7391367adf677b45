"""What every stage script stands on: its job, artifacts, files, provenance, signals, processes, errors.

Imports no other room.
"""
