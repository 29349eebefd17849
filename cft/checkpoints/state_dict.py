"""Find the named tensors of a model in the content of a checkpoint."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from cft.errors import ConfigError

from .finite_weights import refuse_non_finite
from .read import read_checkpoint

# Names under which training codes keep a model. Of several networks in one file, the one that the authors of the
# method evaluate stands first: DINO's teacher, BYOL's online network.
NESTING_KEYS = (
    'state_dict', 'model', 'model_state', 'model_state_dict', 'classy_state_dict', 'base_model', 'teacher', 'student',
    'online_network_state_dict', 'online_backbone', 'trunk', 'network', 'net', 'net_state_dict', 'module', 'encoder',
    'backbone', 'params', 'shadow',
)  # fmt: skip
# The moving average of the same weights, which many training codes keep beside them.
EMA_KEYS = (
    'state_dict_ema', 'ema_state_dict', 'model_ema', 'model_ema_state_dict', 'ema_model', 'model_state_dict_ema',
    'ema_model_state_dict', 'net_ema', 'ema_net', 'weights_ema', 'params_ema', 'ema',
)  # fmt: skip
EMA_NAME = re.compile(r'(.*\.)?(model_ema|ema_model|net_ema|ema_net|ema)\.')
Weights = Literal['model', 'ema']
NOT_A_NETWORK = ('optimizer', 'scheduler', 'scaler', 'loss', 'message_hub', 'args')


@dataclass(frozen=True)
class NamedTensors:
    """Tensors of one network in a checkpoint.

    Attributes:
        tensors: By name.
        where: Keys that lead to them, joined by dots ('' for the top of the file).
        beside: Names of further networks that lie beside it and were not taken.
        note: Which of the weights and their EMA copy were taken, and how the other is; '' where it was no choice.

    Example:
        >>> found = find_named_tensors({'teacher': {'w': torch.ones(1)}, 'student': {'w': torch.zeros(1)}}, 'dino.pth')
        >>> found.where, found.beside
        ('teacher', ('student',))
    """

    tensors: dict[str, torch.Tensor]
    where: str
    beside: tuple[str, ...]
    note: str = ''


def read_state_dict(
    path: str | Path, trusted: bool | None = None, weights: Weights | None = None
) -> dict[str, torch.Tensor]:
    """Read a checkpoint and return its named tensors.

    Args:
        path: File of a kind that :func:`cft.checkpoints.read_checkpoint` reads:
            named tensors or arrays, or a dict that holds them under a usual
            name such as ``state_dict``.
        trusted: As of :func:`cft.checkpoints.read_checkpoint`.
        weights: As of :func:`find_named_tensors`.

    Returns:
        Names and tensors, on the CPU.

    Raises:
        ConfigError: If there is no such file, it cannot be read safely, it
            holds no tensors, or one of them is not finite.

    Example:
        >>> read_state_dict('checkpoints/moco_v2_800ep.pth.tar')  # doctest: +SKIP
    """
    tensors = find_named_tensors(read_checkpoint(path, trusted), path, weights).tensors
    refuse_non_finite(tensors, path)
    return tensors


def find_named_tensors(content: object, path: str | Path, weights: Weights | None = None) -> NamedTensors:
    """Find the network in the content of a checkpoint.

    Args:
        content: Of the file.
        path: For the messages.
        weights: Which to take where an EMA copy lies beside the weights:
            ``'model'`` the trained weights themselves, ``'ema'`` the copy. None
            takes those under the usual name (``state_dict``, ``model``), which
            are the trained ones, but for MMEngine's own files the EMA copy. A
            file with one kind only gives that.

    Raises:
        ConfigError: If there are no named tensors where a network usually is,
            or ``weights`` is neither of the two.

    Example:
        >>> content = {'epoch': 1, 'state_dict': {'w': torch.ones(1)}, 'state_dict_ema': {'w': torch.zeros(1)}}
        >>> find_named_tensors(content, 'moco.pth').tensors
        {'w': tensor([1.])}
        >>> find_named_tensors(content, 'moco.pth', weights='ema').tensors
        {'w': tensor([0.])}
    """
    if weights not in (None, 'model', 'ema'):
        raise ConfigError(f"weights must be 'model' or 'ema', got {weights!r}")
    where, beside, note = [], [], ''
    while isinstance(content, dict):
        key, copy = _keys(content)
        if key is None:
            break
        if copy is not None:
            key, copy, note = _choose(content, key, copy, weights)
        beside += [other for other, value in content.items() if other not in (key, copy) and _is_network(other, value)]
        where.append(key)
        content = content[key]
    if not isinstance(content, dict):
        raise ConfigError(f'{path} holds a {type(content).__name__}, not named tensors')
    tensors = {
        name: tensor
        for name, value in content.items()
        if isinstance(name, str) and (tensor := _as_tensor(value)) is not None
    }
    if not tensors:
        raise ConfigError(f'{path} holds no named tensors; its keys are {sorted(map(str, content))[:8]}')
    tensors, inside = _split(tensors, weights)
    return NamedTensors(tensors, '.'.join(where), tuple(beside), note or inside)


def _keys(content: dict) -> tuple[str | None, str | None]:
    """Where the weights are, and their EMA copy."""
    key = next((key for key in NESTING_KEYS if isinstance(content.get(key), dict)), None)
    copy = next((key for key in EMA_KEYS if _holds_tensors(content.get(key))), None)
    return (key, copy) if key is not None else (copy, None)


def _choose(content: dict, key: str, copy: str, weights: Weights | None) -> tuple[str, str, str]:
    """What is taken, what is left, and a word on it."""
    # MMEngine's moving average changes places with the weights when it is saved.
    swapped = 'message_hub' in content and copy == 'ema_state_dict'
    ema, model = (key, copy) if swapped else (copy, key)
    taken = {'ema': ema, 'model': model, None: key}[weights]
    other, kind = (model, 'model') if taken == ema else (ema, 'ema')
    names = {'model': 'the trained weights', 'ema': 'an EMA copy of the weights'}
    mine = names['ema' if kind == 'model' else 'model']
    return taken, other, f'{mine} under {taken} taken; weights={kind!r} takes {names[kind]} under {other}'


def _split(tensors: dict[str, torch.Tensor], weights: Weights | None) -> tuple[dict[str, torch.Tensor], str]:
    """Part the weights from an EMA copy that only the names tell from them; all of them without a choice."""
    copy = {name: tensor for name, tensor in tensors.items() if EMA_NAME.match(name)}
    model = {name: tensor for name, tensor in tensors.items() if name not in copy}
    if not copy or not model:
        return tensors, ''
    if weights == 'ema':
        return copy, f"the EMA copy, {next(iter(copy))} and so on, taken; weights='model' takes the trained weights"
    note = f"it also holds an EMA copy, {next(iter(copy))} and so on; weights='ema' takes it"
    return tensors if weights is None else model, note


def ema_copy_beside(content: Mapping) -> str | None:
    """Key of an EMA copy that lies beside the weights of a file of another code base than MMEngine.

    Example:
        >>> ema_copy_beside({'state_dict': {}, 'state_dict_ema': {'w': torch.zeros(1)}})
        'state_dict_ema'
    """
    key, copy = _keys(dict(content))
    return None if key is None or 'message_hub' in content else copy


def _holds_tensors(value: object) -> bool:
    """In itself, or one level below: ``ema={'shadow': {...}, 'decay': 0.999}``."""
    if not isinstance(value, dict):
        return False
    return any(_as_tensor(item) is not None for item in value.values()) or any(
        _holds_tensors(value[key]) for key in NESTING_KEYS if key in value
    )


def _as_tensor(value: object) -> torch.Tensor | None:
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biuf':
        return torch.from_numpy(value.astype(value.dtype.newbyteorder('=')))
    return value if isinstance(value, torch.Tensor) else None


def _is_network(key: object, value: object) -> bool:
    if not isinstance(key, str) or not isinstance(value, dict) or any(word in key for word in NOT_A_NETWORK):
        return False
    return any(_as_tensor(tensor) is not None for tensor in value.values())
