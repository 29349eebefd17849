"""Metrics as a JSON file, whatever a metric returns."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cft.errors import ConfigError
from cft.files import write_atomically


def check_metrics_file(path: Path) -> Path:
    """Check that a JSON file can be written, before the metrics are computed.

    Args:
        path: The file; folders above it are made.

    Raises:
        ConfigError: If it is named as another format, a folder, or in a place that cannot be written.

    Example:
        >>> check_metrics_file(Path('results.pkl'))
        Traceback (most recent call last):
        ...
        cft.errors.ConfigError: --out results.pkl: metrics are written as JSON, to a name that ends in .json; for the \
predictions use cft predict with --out-dir
    """
    if path.suffix.lower() != '.json':
        raise ConfigError(
            f'--out {path}: metrics are written as JSON, to a name that ends in .json; for the predictions use '
            'cft predict with --out-dir'
        )
    return check_output_file(path, ('.json',))


def check_output_file(path: Path, formats: Sequence[str]) -> Path:
    """Check that a file can be written, before what it holds is computed.

    Args:
        path: The file; folders above it are made.
        formats: Endings that it may have.

    Raises:
        ConfigError: If it has another ending, is a folder, or in a place that cannot be written.

    Example:
        >>> check_output_file(Path('results.txt'), ('.json', '.csv'))
        Traceback (most recent call last):
        ...
        cft.errors.ConfigError: --out results.txt: this is written to names that end in .json, .csv
    """
    if path.suffix.lower() not in formats:
        raise ConfigError(f'--out {path}: this is written to names that end in {", ".join(formats)}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f'--out {path}: {error.strerror}; name a file in a folder that can be written') from error
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        reason = 'this is a folder' if path.is_dir() else f'{path.parent} cannot be written'
        raise ConfigError(f'--out {path}: {reason}; name a file in a folder that can be written')
    return path


def write_metrics(path: Path, metrics: Mapping[str, object]) -> None:
    """Write metrics; tensors and arrays, such as a confusion matrix, become nested lists.

    Args:
        path: A JSON file.
        metrics: As a runner returns them.

    Example:
        >>> write_metrics(Path('metrics.json'), {'accuracy/top1': 90.0})  # doctest: +SKIP
    """
    write_atomically(path, json.dumps(_plain(metrics), indent=1).encode())


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    # Tensors, arrays and NumPy's numbers.
    if hasattr(value, 'tolist'):
        return value.tolist()
    return value if isinstance(value, str | int | float | None) else str(value)
