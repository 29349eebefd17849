"""Find the named tensors of a model in the content of a checkpoint."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cft.errors import ConfigError

from .read import read_checkpoint

# Names under which training codes keep a model. Of several networks in one file, the one that the authors of the
# method evaluate stands first: DINO's teacher, BYOL's online network.
NESTING_KEYS = (
    'state_dict', 'model', 'model_state', 'model_state_dict', 'classy_state_dict', 'base_model', 'teacher', 'student',
    'online_network_state_dict', 'online_backbone', 'trunk', 'network', 'module', 'encoder', 'backbone',
)  # fmt: skip
NOT_A_NETWORK = ('optimizer', 'scheduler', 'scaler', 'loss', 'message_hub', 'args')


@dataclass(frozen=True)
class NamedTensors:
    """Tensors of one network in a checkpoint.

    Attributes:
        tensors: By name.
        where: Keys that lead to them, joined by dots ('' for the top of the file).
        beside: Names of further networks that lie beside it and were not taken.
    """

    tensors: dict[str, torch.Tensor]
    where: str
    beside: tuple[str, ...]


def read_state_dict(path: str | Path, trusted: bool | None = None) -> dict[str, torch.Tensor]:
    """Read a checkpoint and return its named tensors.

    Args:
        path: File of a kind that :func:`cft.checkpoints.read_checkpoint` reads:
            named tensors or arrays, or a dict that holds them under a usual
            name such as ``state_dict``.
        trusted: As of :func:`cft.checkpoints.read_checkpoint`.

    Returns:
        Names and tensors, on the CPU.

    Raises:
        ConfigError: If there is no such file, it cannot be read safely, or it
            holds no tensors.

    Example:
        >>> read_state_dict('checkpoints/moco_v2_800ep.pth.tar')  # doctest: +SKIP
    """
    return find_named_tensors(read_checkpoint(path, trusted), path).tensors


def find_named_tensors(content: object, path: str | Path) -> NamedTensors:
    """Find the network in the content of a checkpoint; ``path`` is for the messages.

    Raises:
        ConfigError: If there are no named tensors where a network usually is.
    """
    where, beside = [], []
    while isinstance(content, dict):
        key = next((key for key in NESTING_KEYS if isinstance(content.get(key), dict)), None)
        if key is None:
            break
        beside += [other for other, value in content.items() if other != key and _is_network(other, value)]
        where.append(key)
        content = content[key]
    if not isinstance(content, dict):
        raise ConfigError(f'{path} holds a {type(content).__name__}, not named tensors')
    tensors = {name: _as_tensor(value) for name, value in content.items() if isinstance(name, str)}
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    if not tensors:
        raise ConfigError(f'{path} holds no named tensors; its keys are {sorted(map(str, content))[:8]}')
    return NamedTensors(tensors, '.'.join(where), tuple(beside))


def _as_tensor(value: object) -> torch.Tensor | None:
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biuf':
        return torch.from_numpy(value.astype(value.dtype.newbyteorder('=')))
    return value if isinstance(value, torch.Tensor) else None


def _is_network(key: object, value: object) -> bool:
    if not isinstance(key, str) or not isinstance(value, dict) or any(word in key for word in NOT_A_NETWORK):
        return False
    return any(_as_tensor(tensor) is not None for tensor in value.values())
