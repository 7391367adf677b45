"""The one exception for what a user can mend."""


class InputError(Exception):
    """Something in the user's config, data or files is wrong.

    The message is one sentence for a person: which file or key, what was found, what was expected and how
    to mend it. Scripts print it without a traceback and exit with code 1.
    """
