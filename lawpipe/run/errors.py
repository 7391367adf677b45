"""The exception for mistakes that a user can correct."""


class InputError(Exception):
    """A mistake in the user's config, data or files.

    The message is one sentence: which file or key, what was found, what was expected, and how to correct it. Scripts
    print it without a traceback and exit with code 1.
    """
