"""How the command and the tools show a user's mistake."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

# opencv-python, which the libraries require beside opencv-python-headless, was installed over it.
WITHOUT_LIBGL = 'pip install --force-reinstall --no-deps opencv-python-headless'
# Where tools/_launch.py wants the lines of its processes, to print them when all have ended.
FOLDER = 'CFT_ERROR_FOLDER'
MISTAKE, INTERRUPTED = 2, 130


@contextlib.contextmanager
def readable_errors() -> Iterator[None]:
    """Print a user's mistake as one line, and nothing more of Ctrl-C; programming errors keep their traceback."""
    try:
        with _mistakes():
            yield
    except KeyboardInterrupt as interrupt:
        if os.environ.get('RANK', '0') == '0':
            print('interrupted', file=sys.stderr, flush=True)
        raise SystemExit(INTERRUPTED) from interrupt


@contextlib.contextmanager
def _mistakes() -> Iterator[None]:
    try:
        from cft.errors import ConfigError, DataError
    except ImportError as error:
        if 'libGL.so' not in str(error):
            raise
        _tell(f'OpenCV cannot be loaded ({error}); {WITHOUT_LIBGL}', everywhere=True)
        raise SystemExit(MISTAKE) from error

    try:
        yield
    except ConfigError as error:
        # A data loader's worker puts its traceback before the message.
        _tell(str(error).rstrip().split('cft.errors.DataError: ')[-1], everywhere=isinstance(error, DataError))
        raise SystemExit(MISTAKE) from error


def _tell(message: str, everywhere: bool) -> None:
    """Print a line, or hand it to the launcher; what every process of a job finds is told by the first."""
    rank = os.environ.get('RANK', '0')
    tells = everywhere or rank == '0'
    folder = Path(os.environ.get(FOLDER, ''))
    if FOLDER in os.environ and folder.is_dir():
        # The launcher takes one that was not to be told if no other is there.
        (folder / f'{"told" if tells else "untold"}.{rank}').write_text(message, encoding='utf-8')
    elif tells:
        print(f'error: {message}', file=sys.stderr, flush=True)
