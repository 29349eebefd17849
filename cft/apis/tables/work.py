"""What a run of a table does."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cft.apis.experiments.runs import train_and_measure
from cft.errors import ConfigError
from cft.experiments import Run, RunRecord

from .runs import EPOCH

WORK = 'cft.apis.tables.work:reproduce'


def reproduce(run: Run, folder: Path, inputs: Mapping[str, Path]) -> RunRecord:
    """As :func:`cft.apis.train_and_measure`; ``start_epoch`` takes an earlier checkpoint of the run before.

    Raises:
        ConfigError: If that run has not kept it.

    Example:
        >>> record = reproduce(Run('ce', 'quickstart/ce_digits'), Path('work_dirs/ce'), {})  # doctest: +SKIP
    """
    options = dict(run.options)
    epoch = options.pop(EPOCH, None)
    if epoch is not None:
        inputs = {name: _of_epoch(path, epoch) for name, path in inputs.items()}
    return train_and_measure(replace(run, options=options), folder, inputs)


def _of_epoch(path: Path, epoch: int) -> Path:
    found = path.parent / f'epoch_{epoch}.pth'
    if not found.is_file():
        raise ConfigError(f'{path.parent} has not kept {found.name}; set default_hooks.checkpoint.max_keep_ckpts=-1')
    return found
