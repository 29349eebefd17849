"""The error for what a user can mend: one line with the thing and the remedy."""


class ConfigError(ValueError):
    """Something in a config, its data or its checkpoint is wrong.

    Command-line tools print the message without a traceback.
    """


class DataError(ConfigError):
    """A file that one process met while reading; the others cannot tell of it."""
