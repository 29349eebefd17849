"""The weights that a run has started from, in its work dir, for when it is resumed."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cft.checkpoints import read_checkpoint
from cft.errors import ConfigError
from cft.files import write_atomically

NAME = 'source_weights.pth'


def digest(tensors: dict[str, Tensor]) -> str:
    """A short name of these tensors, from all their bits.

    Example:
        >>> digest({'weight': torch.zeros(1)}) == digest({'weight': torch.ones(1)})
        False
    """
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        sha.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}'.encode())
        sha.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()[:16]


def write_source(folder: str | Path, tensors: dict[str, Tensor], channel_weights: dict[str, Tensor]) -> None:
    """Keep source weights, and what was measured of them, once for all checkpoints of a run.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> write_source('work_dirs/l2sp', {'backbone.conv1.weight': torch.ones(2)}, {})  # doctest: +SKIP
    """
    content = {
        'tensors': {name: tensor.cpu() for name, tensor in tensors.items()},
        'channel_weights': channel_weights,
    }
    write_atomically(Path(folder, NAME), lambda file: torch.save(content, file))


def read_source(folders: Sequence[str | Path], expected: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The source weights of a run, and what was measured of them, from the first folder that has them.

    Args:
        folders: Of the run, and of the checkpoint that it continues from.
        expected: :func:`digest` of the weights.

    Raises:
        ConfigError: If no folder has a file of these weights.

    Example:
        >>> read_source(['work_dirs/l2sp'], '0123456789abcdef')  # doctest: +SKIP
    """
    for folder in dict.fromkeys(map(Path, folders)):
        if not (folder / NAME).is_file():
            continue
        content: Any = read_checkpoint(folder / NAME)
        tensors = content.get('tensors') if isinstance(content, dict) else None
        if isinstance(tensors, dict) and digest(tensors) == expected:
            return tensors, content.get('channel_weights', {})
    places = ' or '.join(str(folder / NAME) for folder in dict.fromkeys(map(Path, folders)))
    raise ConfigError(
        f'the run cannot be resumed: {places} should hold the weights that it started from, and does not; put that '
        'file of the original work dir there, or start a new run in an empty work_dir'
    )
