"""Check at the start that the files that a list names are there."""

from collections.abc import Sequence
from pathlib import Path

from cft.errors import ConfigError

SHOWN = 3


def require_files(paths: Sequence[str], what: str) -> None:
    """Stop with one error that names the first missing files and their number."""
    missing = [path for path in paths if not Path(path).is_file()]
    if missing:
        names = ', '.join(missing[:SHOWN]) + (', ...' if len(missing) > SHOWN else '')
        raise ConfigError(f'{len(missing)} of {len(paths)} {what} are missing: {names}')
