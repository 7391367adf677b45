"""The settings: every key, how a config is resolved, and what each stage depends on.

Imports `policies`, `data` and `run`.
"""
