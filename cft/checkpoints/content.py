"""The content of a checkpoint as plain values: a tree of bounded size, so that any walk through it ends."""

from collections.abc import Iterable
from typing import TypeGuard

import numpy as np
from torch import Tensor, strided

from .plain_arrays import Array
from .stand_ins import History

MAX_DEPTH = 100
# Values, each counted as often as a walk meets it: optimisers of the largest models have some ten thousand.
MAX_VALUES = 10_000_000
# Bytes of a tensor whose numbers are stored once and repeated by its strides.
MAX_REPEATED = 2**24


def finish(content: object) -> object:
    """Replace the stand-ins in nested containers by what they stand for; dicts and lists in place.

    Raises:
        ValueError: If the content contains itself, is nested too deeply, shares
            its parts so that a walk would not end, or has a tensor without
            numbers of its own.

    Example:
        >>> shared = [1, 2]
        >>> finish({'a': shared, 'b': (shared,)})
        {'a': [1, 2], 'b': ([1, 2],)}
    """
    return _Tree().finish(content, 0)[0]


class _Tree:
    def __init__(self) -> None:
        # The containers themselves are kept beside the rest, so that no other object gets their id.
        self._finished: dict[int, tuple[object, object, int]] = {}
        self._open: set[int] = set()

    def finish(self, value: object, depth: int) -> tuple[object, int]:
        """The finished value, and how many values a walk through it meets."""
        if not (type(value) is tuple or isinstance(value, dict | list)):
            return _leaf(value), 1
        if id(value) not in self._finished:
            if id(value) in self._open:
                raise ValueError('it contains itself')
            if depth == MAX_DEPTH:
                raise ValueError(f'it is nested more than {MAX_DEPTH} levels deep')
            self._open.add(id(value))
            self._finished[id(value)] = (value, *self._finish_items(value, depth))
            self._open.remove(id(value))
        _, finished, size = self._finished[id(value)]
        return finished, size

    def _finish_items(self, value: tuple | dict | list, depth: int) -> tuple[object, int]:
        keys: Iterable = list(value) if isinstance(value, dict) else range(len(value))
        items, size = {}, 1
        for key in keys:
            items[key], more = self.finish(value[key], depth + 1)
            size += more
            if size > MAX_VALUES:
                raise ValueError(f'its parts refer to each other {MAX_VALUES:,} times and more')
        if isinstance(value, tuple):
            return tuple(items.values()), size
        for key, item in items.items():
            value[key] = item
        return value, size


def _leaf(value: object) -> object:
    if isinstance(value, Array):
        return getattr(value, 'value', value)
    if isinstance(value, History):
        return _rebuild_history(value)
    if isinstance(value, Tensor):
        _check_tensor(value)
    return value


def _check_tensor(tensor: Tensor) -> None:
    if tensor.is_meta:
        raise ValueError(f'a tensor of shape {tuple(tensor.shape)} has no numbers (its device is meta)')
    size = tensor.numel() * tensor.element_size()
    if tensor.layout == strided and size > max(MAX_REPEATED, tensor.untyped_storage().nbytes()):
        raise ValueError(
            f'a tensor of shape {tuple(tensor.shape)} repeats {tensor.untyped_storage().nbytes():,} bytes; '
            'save it with .contiguous()'
        )


def _is_series(value: object) -> TypeGuard[np.ndarray]:
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in 'biuf'


def _rebuild_history(history: History) -> object:
    from mmengine.logging import HistoryBuffer

    state = history.state or {}
    found = (state.get(name) for name in ('_log_history', '_count_history'))
    logs, counts = (array.value if isinstance(array, Array) else array for array in found)
    if not _is_series(logs) or not _is_series(counts) or logs.shape != counts.shape:
        return history
    buffer = HistoryBuffer(logs, counts)
    if isinstance(state.get('max_length'), int):
        buffer.max_length = state['max_length']
    return buffer
