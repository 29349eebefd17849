"""Lines of the libraries that say nothing to a user stand in the log file, not on the screen."""

import functools
import logging
import re
import sys
import warnings
from collections.abc import Callable
from typing import TextIO

from mmengine.logging import MMLogger

# How they begin, with what they are.
QUIET = (
    # The setting, hundreds of lines: the config stands in the work dir as well.
    r'System environment:',
    r'Config:\n',
    r'Hooks will be executed in the following order:',
    # Optional parts of the libraries that no config of ours uses.
    r'Could not import OneDL',
    r'faster_coco_eval is not installed',
    # What a library thinks of its own code, or of what its configs say on purpose.
    r'"FileClient" will be deprecated',
    r'"HardDiskBackend" is the alias of "LocalBackend"',
    r'`torch\.jit\.\w+` is (deprecated|not supported)',
    r'The prefix is not set in metric class',
    r'The draw is False, it means that the hook for visualization',
    r'Distributed training is not used, all SyncBatchNorm',
    # Threads and workers, told by every process or at every epoch.
    r'Setting (OMP|MKL)_NUM_THREADS environment variable',
    r'This DataLoader will create \d+ worker processes',
)
_PATTERN = re.compile(rf'[\s-]*(?:{"|".join(QUIET)})')
# Said before there was a log file; a dict keeps the order and each line once.
_waiting: dict[str, None] = {}


def quieten() -> None:
    """Send these lines to the log file; again, it does nothing more.

    They are told apart by how they begin (:data:`QUIET`), may be printed, warned
    of or logged, and are no errors. Where no log file is written, logged lines
    stay on the screen. With ``log_level = 'DEBUG'`` all of them reach it.
    """
    if hasattr(MMLogger.__init__, '__wrapped__'):
        return
    MMLogger.__init__ = _attaching(MMLogger.__init__)
    for logger in MMLogger._instance_dict.values():
        _attach(logger)
    # print_log without a logger prints, whatever the level.
    vars(sys.modules['mmengine.logging.logger'])['print'] = _print
    warnings.showwarning = _showing(warnings.showwarning)


def _attaching(initialise: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(initialise)
    def initialise_and_attach(self: MMLogger, *args: object, **kwargs: object) -> None:
        initialise(self, *args, **kwargs)
        _attach(self)

    return initialise_and_attach


def _attach(logger: MMLogger) -> None:
    if not _writes_file(logger):
        return
    for handler in logger.handlers:
        if type(handler) is logging.StreamHandler and handler.level > logging.DEBUG:
            handler.addFilter(_reaches_screen)
    lines = list(_waiting)
    _waiting.clear()
    for line in lines:
        logger.warning(line)


def _writes_file(logger: MMLogger) -> bool:
    return any(isinstance(handler, logging.FileHandler) for handler in logger.handlers)


def _reaches_screen(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR or not _PATTERN.match(record.getMessage())


def _log(line: str) -> None:
    logger = MMLogger.get_current_instance() if MMLogger._instance_dict else None
    if logger is not None and _writes_file(logger):
        logger.warning(line)
    else:
        _waiting[line] = None


def _print(message: object) -> None:
    if _PATTERN.match(str(message)):
        _log(str(message))
    else:
        print(message)


def _showing(show: Callable[..., None]) -> Callable[..., None]:
    def showwarning(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if file is None and _PATTERN.match(str(message)):
            _log(f'{message} ({category.__name__}, {filename}:{lineno})')
        else:
            show(message, category, filename, lineno, file, line)

    return showwarning
