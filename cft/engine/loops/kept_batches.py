"""Augmented batches that the runs of one process share."""

import copy
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from mmengine.runner import Runner

# Sets of batches; methods with one and with two views take turns.
MOST = 4
_kept: OrderedDict[str, list] = OrderedDict()


def batches_key(runner: Runner, rank: int, length: int) -> str:
    """What the batches of a run depend on: the settings of its data, its seed, its rank and how many they are.

    Example:
        >>> batches_key(runner, rank=0, length=80)  # doctest: +SKIP
    """
    return json.dumps([runner.cfg.train_dataloader, runner.seed, rank, length], sort_keys=True, default=str)


def kept_batches(key: str, loader: Iterable, length: int) -> Iterator[Any]:
    """Batches of a loader, or copies of those that an earlier run with the same key got.

    They are kept as soon as there are ``length`` of them, the latest ``MOST``
    sets in all; the loader is then not asked again, so that it starts no
    workers.

    Args:
        key: From :func:`batches_key`.
        loader: Yields batches whose augmentation follows from the seed alone.
        length: Number of batches of a run.

    Example:
        >>> [list(kept_batches('a run', loader, length=2)) for loader in ([[1], [2]], [])]
        [[[1], [2]], [[1], [2]]]
    """
    if key in _kept:
        _kept.move_to_end(key)
        yield from map(copy.deepcopy, _kept[key])
        return
    batches = []
    for batch in loader:
        # Before anybody changes it.
        batches.append(copy.deepcopy(batch))
        if len(batches) == length:
            _kept[key] = batches
            while len(_kept) > MOST:
                _kept.popitem(last=False)
        yield batch
