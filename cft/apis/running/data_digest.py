"""A short text that changes when the training data does."""

import hashlib
import marshal
import os
import pickle
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from cft.datasets.sample_infos import parts_of, sample_infos

# Asking a file system over the network for more sizes takes minutes.
SIZES_UP_TO = 50_000


def digest_data(dataset: Dataset) -> dict[str, str | int | None]:
    """Digest of what a data set says of its samples, in their order.

    Covers labels, boxes, names of files below ``data_root``, pixels that are in
    memory and, for up to 50,000 images, the sizes of the files. Not covered:
    what is inside the files, and where ``data_root`` lies. Takes some
    microseconds a sample: 5 s for ImageNet.

    Args:
        dataset: Wrappers are looked through: the samples in use count.

    Returns:
        ``samples`` (their number), ``digest`` (32 hexadecimal digits) and
        ``covers`` (in words). A stream of samples has neither number nor digest.

    Example:
        >>> digest_data(ImageFolder('flowers'))  # doctest: +SKIP
        {'samples': 3303, 'digest': '5f0c...', 'covers': 'annotations, file names and file sizes'}
    """
    if not hasattr(dataset, '__len__'):
        return {'samples': None, 'digest': None, 'covers': 'nothing: the data set has no list of samples'}
    parts = parts_of(dataset)
    with_sizes = sum(len(indices) for _, indices in parts) <= SIZES_UP_TO
    digest = hashlib.blake2b(digest_size=16)
    kinds: set[str] = set()
    for part, indices in parts:
        root = os.path.join(str(getattr(part, 'data_root', '') or ''), '')
        for info in sample_infos(part, indices):
            # The position in the list is no property of the sample.
            info.pop('sample_idx', None)
            path = info.get('img_path')
            if path is None:
                kinds.add('pixels in memory' if 'img' in info else 'no images')
            else:
                kinds.add('file names')
            if path is not None and with_sizes:
                kinds.add('file sizes')
                info['file_size'] = os.path.getsize(path) if os.path.isfile(path) else None
            digest.update(_canonical(info, root))
        if not hasattr(part, 'get_data_info'):
            kinds.add(f'the number of samples of {type(part).__name__}')
            digest.update(_canonical(len(indices), root))
    covered = ['annotations', *sorted(kinds - {'no images'})]
    return {'samples': len(dataset), 'digest': digest.hexdigest(), 'covers': ', '.join(covered)}


def _canonical(value: object, root: str) -> bytes:
    """The same bytes for equal values, in every process and wherever the data lie."""
    plain = _plain(value, root)
    try:
        # Version 2 knows no references, hence does not depend on which equal objects are one.
        return marshal.dumps(plain, 2)
    except ValueError:
        return pickle.dumps(plain, protocol=4)


def _plain(value: object, root: str) -> Any:
    if isinstance(value, dict):
        return [(str(key), _plain(value[key], root)) for key in sorted(value, key=str)]
    if isinstance(value, str):
        return value[len(root) :] if root and value.startswith(root) else value
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.generic):
        return value.item()
    # Boxes and polygons: long lists of numbers stay as they are.
    if isinstance(value, list | tuple) and value and not isinstance(value[0], int | float):
        return [_plain(item, root) for item in value]
    return list(value) if isinstance(value, tuple) else value
