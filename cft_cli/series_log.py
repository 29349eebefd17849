"""The log of a series of runs, in a folder that no other series writes to."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, cast


@contextlib.contextmanager
def series_log(work_dir: Path, name: str) -> Iterator[TextIO]:
    """Hold the work dir of a series and open its log.

    Args:
        work_dir: Made if it is missing.
        name: What another series is told of this one.

    Raises:
        ConfigError: If the folder is in use or cannot be written.
    """
    from cft.engine.sole_run import sole_run
    from cft.errors import ConfigError

    with sole_run(work_dir, name):
        try:
            work_dir.mkdir(parents=True, exist_ok=True)
            log = cast(TextIO, open(work_dir / 'train.log', 'w', buffering=1))  # noqa: SIM115 - only opening it is to be explained
        except OSError as error:
            raise ConfigError(f'cannot write to {work_dir}: {error.strerror}; choose --work-dir DIR') from error
        with log:
            yield log
