"""Where the output of runs goes."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


def print_to(path: Path) -> None:
    """Let all that this process and its children print from now on go to a file.

    Example:
        >>> print_to(Path('runs/ce-0-0f/run.log'))  # doctest: +SKIP
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    with open(path, 'a') as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)


@contextlib.contextmanager
def printed_to(path: Path) -> Iterator[None]:
    r"""Let what Python prints meanwhile go to a file; loggers that are made meanwhile may go on speaking afterwards.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), 'run.log')
        >>> with printed_to(path):
        ...     print('a run')
        >>> path.read_text()
        'a run\n'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'a', buffering=1) as log:
        stream = _Turned(log)
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            try:
                yield
            finally:
                stream.target = sys.__stderr__ or io.StringIO()


class _Turned(io.TextIOBase):
    """A stream that can be turned elsewhere when others hold it already."""

    def __init__(self, target: TextIO) -> None:
        self.target = target

    def write(self, text: str, /) -> int:
        return self.target.write(text)

    def flush(self) -> None:
        self.target.flush()

    def writable(self) -> bool:
        return True
