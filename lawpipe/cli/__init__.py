"""The command `lawpipe`.

Imports any room.
"""
