"""Read a whole checkpoint file without running anything in it."""

import io
import os
import pickle
import pickletools
import tarfile
import zipfile
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from cft.errors import ConfigError

from .content import finish
from .integrity import find_damage
from .plain_arrays import PLAIN, Bytes
from .refusal import TRUST_VARIABLE, unreadable
from .stand_ins import stand_in_for

# How files of torch.save before version 1.6 begin: a pickled number.
LEGACY_MAGIC = b'\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'
HDF5_MAGIC = b'\x89HDF'
PICKLES_OF_A_LEGACY_FILE = 5


def read_checkpoint(path: str | Path, trusted: bool | None = None) -> object:
    """Read everything in a checkpoint: weights, and the epoch, optimiser and log histories beside them.

    The kind of the file is told by its content: ``torch.save``, a plain pickle
    of NumPy arrays (as MoCo's for detectron2), safetensors or ``.npz``. Tensors,
    NumPy arrays and numbers, plain containers and MMEngine's log histories come
    back as they are; options and callbacks of training frameworks as an inert
    object. Any other class in the file is refused by name before it is imported.

    Args:
        path: The file.
        trusted: Unpickle whatever the file asks for, which can run any code
            in it: only for files that you wrote yourself. None: as the
            environment variable ``CFT_TRUST_CHECKPOINTS`` says (1 for yes).

    Returns:
        The content, its tensors on the CPU.

    Raises:
        RefusedError: A :class:`ConfigError`, if it asks for a class that could
            run code.
        ConfigError: If there is no such file, it is damaged or no checkpoint,
            unpacks to far more than its own size, or contains itself.
            Damage is found by the check sums of ``torch.save`` and ``.npz``;
            other kinds of files have none.

    Example:
        >>> read_checkpoint('work_dirs/run/epoch_10.pth')['meta']['epoch']  # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f'no checkpoint {path}; check the path, or download the file first')
    if trusted is None:
        trusted = os.environ.get(TRUST_VARIABLE) == '1'
    try:
        return finish(_read(path, trusted))
    except Exception as error:
        # Text and truncated files can look like any instructions, and fail in any way.
        raise unreadable(path, error) from error


def _read(path: Path, trusted: bool) -> object:
    with path.open('rb') as file:
        head = file.read(len(LEGACY_MAGIC))
    if head.startswith(HDF5_MAGIC) or '.data-0' in path.name or path.suffix == '.index':
        raise ValueError('it is a TensorFlow or Keras file; convert it to PyTorch with the tools of its authors')
    if head[8:10] == b'{"':
        from safetensors.torch import load_file

        return load_file(path)
    if head.startswith(b'PK') and (damage := find_damage(path)):
        raise ValueError(f'it {damage}')
    if head.startswith(b'PK') and any(name.endswith('.npy') for name in zipfile.ZipFile(path).namelist()):
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    if head.startswith(b'PK') or head == LEGACY_MAGIC:
        return _read_torch_file(path, trusted)
    if tarfile.is_tarfile(path):
        raise ValueError('it is a tar archive; unpack it, or save the checkpoint again with a newer PyTorch')
    with path.open('rb') as file:
        return pickle.load(file) if trusted else _PlainUnpickler(file).load()


def read_plain_pickle(file: BinaryIO) -> object:
    """Unpickle plain containers, numbers, text and NumPy arrays.

    Raises:
        pickle.UnpicklingError: If the file asks for any other class or function.
        Exception: If it is damaged, or no pickle.

    Example:
        >>> read_plain_pickle(io.BytesIO(pickle.dumps({'boxes': [[1, 2, 3, 4]]})))
        {'boxes': [[1, 2, 3, 4]]}
    """
    return finish(_PlainUnpickler(file).load())


def _read_torch_file(path: Path, trusted: bool) -> object:
    if trusted:
        return torch.load(path, map_location='cpu', weights_only=False)
    allowed: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
        (stand_in, name) for name in sorted(_names_in(path)) if (stand_in := stand_in_for(name))
    ]
    with torch.serialization.safe_globals(allowed):
        return torch.load(path, map_location='cpu', weights_only=True)


def _names_in(path: Path) -> set[str]:
    """Dotted names of the classes and functions that a file of torch.save refers to."""
    if not zipfile.is_zipfile(path):
        with path.open('rb') as file:
            return set().union(*(_names_in_pickle(file) for _ in range(PICKLES_OF_A_LEGACY_FILE)))
    with zipfile.ZipFile(path) as archive:
        pickles = [record for record in archive.infolist() if record.filename.endswith('data.pkl')]
        for record in pickles:
            # Already compared by find_damage, unless the file was written without it.
            del record.CRC
        return set().union(*(_names_in_pickle(io.BytesIO(archive.open(record).read())) for record in pickles))


def _names_in_pickle(file: BinaryIO) -> set[str]:
    names = set()
    try:
        for code, argument, _ in pickletools.genops(file):
            if code.name == 'GLOBAL' and isinstance(argument, str):
                names.add(_current_name(*argument.split(' ', 1)))
    except ValueError:
        # What is no pickle, the loader refuses.
        return names
    return names


def _current_name(module: str, name: str) -> str:
    """Pickles up to protocol 2 have the names of Python 2."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f'{module}.{name}'


# The one written in C makes room for as many objects as a file says that it has; this one counts them.
class _PlainUnpickler(pickle._Unpickler):
    """Builds plain containers and NumPy arrays; asked for anything else, it stops."""

    def find_class(self, module: str, name: str) -> type:
        allowed = {'collections.OrderedDict': OrderedDict, '_codecs.encode': Bytes, **PLAIN}
        full_name = _current_name(module, name)
        if full_name not in allowed:
            raise pickle.UnpicklingError(f'GLOBAL {full_name} is not plain data')
        return allowed[full_name]
