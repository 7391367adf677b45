"""What every stage script uses: its job, artifacts, files, provenance, signals, processes, errors.

Imports no other room.
"""
