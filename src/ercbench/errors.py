"""The one kind of error that is a user's to mend."""


class ErcbenchError(Exception):
    """A mistake in the input or the settings.

    The message names the file or setting, what was found, what was expected and what to do
    next; the command line prints it without a traceback and leaves with exit code 2.
    """
