"""NumPy arrays and bytes in a pickle, rebuilt without NumPy's own constructors.

Those trust the state that a file gives them. Every class here stands for a
name in the file and refuses a state of its own, so that a file cannot change
what it is given.
"""

import math
import re
from typing import Any, Literal

import numpy as np

PLAIN_DTYPE = re.compile(r'[<>|=]?(b1|[iufc]\d+|[SU]\d+)')


class Unread:
    """Stands in for an object that is not rebuilt; whatever a file does with it has no effect.

    Example:
        >>> Unread('anything', 'at', 'all')
        <not read>
    """

    def __new__(cls, *_: object) -> 'Unread':
        return super().__new__(cls)

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...

    def __repr__(self) -> str:
        return '<not read>'


class Bytes(Unread):
    """``_codecs.encode``, as which pickles write bytes."""

    def __new__(cls, text: str, encoding: str = 'latin1') -> bytes:  # type: ignore[misc]  # no instance: the bytes
        if encoding not in ('latin1', 'latin-1'):
            raise ValueError(f'bytes in the encoding {encoding!r}')
        return text.encode('latin1')


class NoBytes(Unread):
    """``bytes()``, as which pickles write empty ones."""

    def __new__(cls) -> bytes:  # type: ignore[misc]  # no instance: the bytes
        return b''


class Dtype(Unread):
    """A type of numbers or text; not of Python objects, nor of records."""

    def __init__(self, spec: str, *_: object) -> None:
        if not isinstance(spec, str) or not PLAIN_DTYPE.fullmatch(spec):
            raise ValueError(f'a NumPy array of type {spec!r}, which is neither numbers nor text')
        self.value = np.dtype(spec)

    def __setstate__(self, state: Any) -> None:
        if state[1] not in ('<', '>', '|', '=') or any(part is not None for part in state[2:5]):
            raise ValueError('a NumPy array with fields')
        self.value = self.value.newbyteorder(state[1])


def _from_bytes(data: bytes, dtype: Dtype, shape: tuple[int, ...], order: Literal['C', 'F']) -> np.ndarray:
    if len(data) != math.prod(shape) * dtype.value.itemsize:
        raise ValueError(f'a NumPy array of shape {shape} in {len(data)} bytes')
    return np.frombuffer(bytes(data), dtype.value).reshape(shape, order=order).copy()


class Array(Unread):
    """``numpy.ndarray``; :func:`finish` puts its value into its place."""

    value: np.ndarray

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        self.value = _from_bytes(data, dtype, shape, 'F' if fortran else 'C')


class Scalar(Unread):
    """A NumPy number."""

    def __new__(cls, dtype: Dtype, data: bytes) -> np.generic:  # type: ignore[misc]  # no instance: the number
        return _from_bytes(data, dtype, (), 'C').flat[0]


class Buffer(Unread):
    """An array in the pickle protocol 5."""

    def __new__(  # type: ignore[misc]  # no instance: the array
        cls, data: bytes, dtype: Dtype, shape: tuple[int, ...], order: Literal['C', 'F']
    ) -> np.ndarray:
        return _from_bytes(data, dtype, shape, order)


PLAIN = {
    'builtins.bytes': NoBytes,
    'numpy.ndarray': Array,
    'numpy.dtype': Dtype,
    **{
        f'numpy.{core}.{name}': stand_in
        for core in ('core', '_core')
        for name, stand_in in (
            ('multiarray._reconstruct', Array),
            ('multiarray.scalar', Scalar),
            ('numeric._frombuffer', Buffer),
        )
    },
}
