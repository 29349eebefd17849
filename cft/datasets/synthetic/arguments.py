"""Checks of the numbers that a drawing is made from."""

from cft.errors import ConfigError


def require_integers(least: int, **values: object) -> None:
    """``ConfigError`` naming the first value that is no integer of at least ``least``."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigError(f'{name} must be an integer of at least {least}, got {value!r}')
