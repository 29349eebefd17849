"""What a run was started with, kept beside its results."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from mmengine.dist import get_world_size, master_only
from mmengine.runner import Runner

import cft
from cft.files import write_atomically

from .data_digest import digest_data
from .git_state import git_state
from .record_differences import compare_starts

FILE = 'record.json'
PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmpretrain', 'mmseg', 'mmdet', 'numpy', 'cv2', 'PIL', 'cft')


@master_only
def record_start(runner: Runner, command: Sequence[str]) -> None:
    """Add a start to ``record.json`` of the work dir, before training.

    The file is ``{"starts": [...]}``, one entry for each start: time, whether
    it resumes, command line, seed, number of processes, devices, machine,
    versions, state of the git checkout, :func:`digest_data` of the training
    data and the complete config. No environment variables. The file is replaced
    as a whole, so that an interruption leaves the old one.

    A start that resumes is compared with the one before it: a warning tells of
    other data, versions, code, settings or numbers of processes.

    Args:
        runner: With its training loop built; other processes than the main one do nothing.
        command: The command line, as it may be read by others.

    Example:
        >>> record_start(runner, sys.argv)  # doctest: +SKIP
    """
    path = Path(runner.work_dir) / FILE
    start = describe_start(runner, command)
    starts = read_starts(path, runner)
    if start['resumes'] and starts:
        differences = compare_starts(starts[-1], start)
        if differences:
            runner.logger.warning(f'This run resumes one that was started differently: {"; ".join(differences)}')
    try:
        write_atomically(path, json.dumps({'starts': [*starts, start]}, indent=1).encode())
    except OSError as error:
        runner.logger.warning(f'This start is not recorded: {path} cannot be written ({error.strerror})')


def describe_start(runner: Runner, command: Sequence[str]) -> dict:
    """One entry of ``record.json``, JSON values only."""
    return {
        'time': datetime.now(timezone.utc).isoformat(timespec='seconds'),
        'resumes': bool(runner._resume),
        'command': list(command),
        'directory': str(Path.cwd()),
        'machine': platform.node(),
        'seed': runner.seed,
        'processes': get_world_size(),
        'device': device_name(),
        'versions': versions_of_libraries(),
        'code': git_state(Path(cft.__file__).resolve().parents[1]),
        'data': digest_data(runner.train_dataloader.dataset),
        'config': json.loads(json.dumps(_plain(runner.cfg._cfg_dict), default=repr)),
    }


def device_name() -> str:
    """The device that a run takes."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu'


def versions_of_libraries() -> dict[str, str | int | None]:
    """Versions of Python, of the libraries that are loaded, and of CUDA.

    Example:
        >>> versions_of_libraries()['python'].split('.')[0]
        '3'
    """
    loaded = [(name, sys.modules.get(name)) for name in PACKAGES]
    return {
        'python': platform.python_version(),
        **{name: str(module.__version__) for name, module in loaded if module is not None},
        'cuda': torch.version.cuda,
        'cudnn': torch.backends.cudnn.version(),
    }


def read_starts(path: Path, runner: Runner) -> list[dict]:
    """Entries of an existing file; one that cannot be read is set aside with a warning, and stops nothing."""
    if not path.exists():
        return []
    try:
        starts = list(json.loads(path.read_text())['starts'])
        for start in starts:
            compare_starts(start, start)
        return starts
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        aside = path.with_name('record.unreadable.json')
        kept = f'it is kept as {aside.name}'
        try:
            os.replace(path, aside)
        except OSError as stuck:
            kept = f'nor set aside ({stuck.strerror})'
        runner.logger.warning(f'{path} cannot be read ({type(error).__name__}: {error}); {kept}')
        return []


def _plain(node: object) -> object:
    if isinstance(node, ConfigDict | dict):
        return {str(key): _plain(value) for key, value in node.items()}
    return [_plain(value) for value in node] if isinstance(node, list | tuple) else node
