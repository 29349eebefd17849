"""The error for what a user can mend: one line with the thing and the remedy."""


class ConfigError(ValueError):
    """Something in a config, its data or its checkpoint is wrong.

    Command-line tools print the message without a traceback. Names of files
    may hold bytes that are no UTF-8; the message shows them as an escape, so
    that every terminal and log file takes it.
    """

    def __str__(self) -> str:
        return super().__str__().encode('utf-8', 'backslashreplace').decode()


class DataError(ConfigError):
    """A file that one process met while reading; the others cannot tell of it."""
