"""The Learning Law: policy search, training under policies, analysis and report.

lawpipe.run and the layers above it are listed in ARCHITECTURE.md; this file imports nothing.
"""
