"""What the record of a run says beside its metrics: memory, data, stages, versions."""

import contextlib
import platform
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.runner import Runner
from torch.utils.data import Dataset

import cft
from cft.datasets.sample_infos import parts_of, sample_infos
from cft.engine.hooks import StageSwitchHook

from .git_state import git_state
from .record import device_name, versions_of_libraries

STATUS, RESET = Path('/proc/self/status'), Path('/proc/self/clear_refs')


def forget_peak() -> None:
    """Let :func:`peak_memory` count from now on."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    else:
        # 5 resets the peak of the resident set, see proc(5).
        with contextlib.suppress(OSError):
            RESET.write_text('5')


def peak_memory() -> int | None:
    """Most memory since :func:`forget_peak`: of the GPU, on CPUs of the process; None where the system does not tell.

    Example:
        >>> peak_memory() > 1_000_000  # doctest: +SKIP
        True
    """
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    try:
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith('VmHWM:'))
    except (OSError, StopIteration):
        return None
    return int(line.split()[1]) * 1024


def describe_data(dataset: Dataset) -> dict[str, Any]:
    """Number of images and, as far as the annotations name them, the classes and the images of each.

    Args:
        dataset: With wrappers or without.

    Returns:
        ``images``; ``classes``, a list of names, where there are any; ``counts``, as many numbers, of classification
        and detection.

    Example:
        >>> describe_data(Digits())  # doctest: +SKIP
        {'images': 1000, 'classes': ['0', '1', ...], 'counts': [99, 102, ...]}
    """
    if not hasattr(dataset, '__len__'):
        return {'images': None}
    found: dict[str, Any] = {'images': len(dataset)}
    counts: dict[int, int] = {}
    for part, indices in parts_of(dataset):
        for info in sample_infos(part, indices):
            for label in _labels(info):
                counts[label] = counts.get(label, 0) + 1
    meta = getattr(dataset, 'metainfo', None) or {}
    names = list(map(str, meta.get('classes') or range(max(counts, default=-1) + 1)))
    if names:
        found['classes'] = names
    if counts and max(counts) < len(names):
        found['counts'] = [counts.get(label, 0) for label in range(len(names))]
    return found


def _labels(info: dict) -> set[int]:
    """The classes that an image shows."""
    label = info.get('gt_label')
    if label is not None:
        return {int(label)} if getattr(label, 'ndim', 0) == 0 and not isinstance(label, list) else set(map(int, label))
    boxes = [box for box in info.get('instances') or () if not box.get('ignore_flag')]
    return {int(box['bbox_label']) for box in boxes if box.get('bbox_label') is not None}


def stage_switches(runner: Runner) -> list[int]:
    """Steps at which a stage of the training began, without the first."""
    return [start for hook in runner.hooks if isinstance(hook, StageSwitchHook) for start in hook.starts[1:]]


def describe_software() -> dict[str, Any]:
    """Versions, the state of the checkout, device, machine and number of processes.

    Example:
        >>> describe_software()['processes']
        1
    """
    return {
        **versions_of_libraries(),
        'code': git_state(Path(cft.__file__).resolve().parents[1]),
        'device': device_name(),
        'machine': platform.node(),
        'processes': get_world_size(),
    }
