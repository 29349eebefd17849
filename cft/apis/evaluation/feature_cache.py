"""Features and predictions of a data set in files, read again as long as weights, data and test config are the same."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from mmengine.dist import broadcast_object_list, is_main_process
from torch import nn
from torch.utils.data import Dataset

import cft
from cft.apis.running.data_digest import digest_data
from cft.datasets.sample_infos import image_files
from cft.engine.model_access import unwrap_model
from cft.files import write_atomically

# Features beyond this many bytes stay on disk, and are read as they are needed.
IN_MEMORY = 256 * 2**20
Rows = Iterator[dict[str, np.ndarray]]


@dataclass(frozen=True)
class Extracted:
    """What was extracted of a data set, in its order.

    Attributes:
        features: (N, D) float32; memory-mapped above 256 MiB.
        labels: (N,) class indices, or (N, C) of 1, 0 and -1, as of :func:`cft.engine.encoding.encode_batches`.
        scores: (N, C) float32; None without a classifier.
        metrics: Of the config's evaluator.
    """

    features: np.ndarray
    labels: np.ndarray
    scores: np.ndarray | None
    metrics: dict[str, float]


def cache_key(model: nn.Module, dataset: Dataset, settings: object) -> dict[str, str | None]:
    """What the features depend on.

    Args:
        model: With its weights.
        dataset: The images; content counts by labels, names, sizes and times of change, in memory by the pixels.
        settings: Of the model and the data set, JSON values and others that have a ``repr``.

    Example:
        >>> cache_key(nn.Linear(2, 1), dataset, cfg.model)  # doctest: +SKIP
        {'weights': '5f0c...', 'data': '77aa...', 'settings': '90b1...', 'cft': '0.2.0'}
    """
    text = json.dumps(settings, sort_keys=True, default=repr)
    return {
        'weights': _weights_digest(unwrap_model(model)),
        'data': _data_digest(dataset),
        'settings': hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
        'cft': cft.__version__,
    }


def cached(
    folder: Path, name: str, key: dict, paths: Sequence[str], extract: Callable[[], tuple[Rows, Callable[[], dict]]]
) -> Extracted | None:
    """Read what an earlier evaluation has extracted, or extract and keep it.

    Files are ``features_<name>.npy``, ``predictions_<name>.npz`` (``paths``,
    ``labels`` and, of a classifier, ``scores``) and, written last,
    ``features_<name>.json`` with the key.

    Args:
        folder: Of the files.
        name: The split.
        key: From :func:`cache_key`.
        paths: N names of the images.
        extract: Starts extracting; gives the rows of all processes in order (``features``, ``labels``, ``scores``),
            and what afterwards tells the metrics.

    Returns:
        In the main process what was extracted; None in others.
    """
    record = folder / f'features_{name}.json'
    found = [_read(folder, name, key) if is_main_process() else None]
    hit = [found[0] is not None]
    broadcast_object_list(hit)
    if hit[0]:
        return found[0]
    rows, metrics_of = extract()
    columns: dict[str, list[np.ndarray]] = {}
    if is_main_process():
        record.unlink(missing_ok=True)
        write_atomically(_features(folder, name), lambda file: _write_features(file, rows, columns, len(paths)))
    else:
        for _ in rows:
            pass
    metrics = metrics_of()
    if not is_main_process():
        return None
    arrays = {column: np.concatenate(parts) for column, parts in columns.items()}
    write_atomically(
        _predictions(folder, name), lambda file: np.savez(file, paths=np.array(list(paths), dtype=np.str_), **arrays)
    )
    write_atomically(record, json.dumps({'key': key, 'metrics': metrics}, indent=1).encode())
    return _read(folder, name, key)


def _read(folder: Path, name: str, key: dict) -> Extracted | None:
    path = _features(folder, name)
    try:
        record = json.loads((folder / f'features_{name}.json').read_text())
        if record['key'] != key:
            return None
        features = np.load(path, mmap_mode='r' if path.stat().st_size > IN_MEMORY else None, allow_pickle=False)
        with np.load(_predictions(folder, name), allow_pickle=False) as file:
            labels, scores = file['labels'], file.get('scores')
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    return Extracted(features, labels, scores, record['metrics']) if len(features) == len(labels) else None


def _features(folder: Path, name: str) -> Path:
    return folder / f'features_{name}.npy'


def _predictions(folder: Path, name: str) -> Path:
    return folder / f'predictions_{name}.npz'


def _write_features(file: BinaryIO, rows: Rows, columns: dict[str, list[np.ndarray]], images: int) -> None:
    """Write features as they come, so that they need not fit into memory; the other columns are kept."""
    for number, part in enumerate(rows):
        features = np.ascontiguousarray(part.pop('features'), dtype=np.float32)
        if number == 0:
            header = {'descr': '<f4', 'fortran_order': False, 'shape': (images, features.shape[1])}
            np.lib.format.write_array_header_1_0(file, header)
        file.write(features.astype('<f4', copy=False).tobytes())
        for column, values in part.items():
            columns.setdefault(column, []).append(values)


def _weights_digest(model: nn.Module) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(model.state_dict().items()):
        if isinstance(tensor, torch.Tensor):
            digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}'.encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _data_digest(dataset: Dataset) -> str:
    digest = hashlib.blake2b(repr(digest_data(dataset)).encode(), digest_size=16)
    for path in image_files(dataset):
        # One that is missing is told of when it is read.
        changed = os.stat(path).st_mtime_ns if os.path.exists(path) else None
        digest.update(f'{changed}\n'.encode())
    return digest.hexdigest()
