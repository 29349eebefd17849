"""Executors by the texts of the command line."""

import ast
from typing import Any

from cft.errors import ConfigError

from .cluster import Submitit
from .executor import Executor
from .in_process import InProcess
from .local_workers import LocalWorkers

KINDS = 'in-process, local, local:WORKERS or slurm:NAME=VALUE,NAME=VALUE such as slurm:partition=gpu,time=240'


def named_executor(text: str, runs: int) -> Executor:
    """The executor that a text names.

    Args:
        text: ``'in-process'``; ``'local'``, ``'local:4'``; ``'slurm'``, ``'slurm:partition=gpu,time=60'``; or
            ``'auto'``: local workers if there is more than one run, and more than one GPU or core to do it on.
        runs: How many runs there are.

    Raises:
        ConfigError: If it names none.

    Example:
        >>> type(named_executor('auto', runs=1)).__name__
        'InProcess'
        >>> named_executor('local:3', runs=9).width
        3
    """
    kind, _, rest = text.partition(':')
    if kind == 'in-process' and not rest:
        return InProcess()
    if kind == 'auto' and not rest:
        count = min(runs, LocalWorkers().width)
        return LocalWorkers(count) if count > 1 else InProcess()
    if kind == 'local':
        if rest and not (rest.isdigit() and int(rest)):
            raise ConfigError(f'--executor {text}: {rest!r} is no number of workers; write {KINDS}')
        return LocalWorkers(int(rest) if rest else None)
    if kind == 'slurm':
        return Submitit('slurm', **_parameters(text, rest))
    raise ConfigError(f'--executor {text} is none of {KINDS}')


def _parameters(text: str, rest: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in rest.split(',') if rest else ():
        name, separator, value = part.partition('=')
        if not separator or not name or not value:
            raise ConfigError(f'--executor {text}: {part!r} is not NAME=VALUE; write {KINDS}')
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[name] = value
    return found
