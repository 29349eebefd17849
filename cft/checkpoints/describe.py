"""What a checkpoint file holds, without a model to load it into."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import torch

from .architecture import UNKNOWN, Architecture, guess_architecture
from .explain import encoder_of
from .finite_weights import non_finite_weights
from .likeness import likeness
from .match import find_encoders
from .names import dialects_of
from .read import read_checkpoint
from .sources import recognise
from .state_dict import find_named_tensors


@dataclass(frozen=True)
class Description:
    """Content of a checkpoint.

    Attributes:
        source: Code base that wrote it, and which of its networks would be taken.
        architecture: Of the encoder that would be taken.
        tensors: How many named tensors there are.
        where: Keys that lead to them ('' for the top of the file).
        prefixes: What precedes the names, and how many have it; the encoder's first.
        others: What lies beside the tensors, in words.
        non_finite: Names of the tensors with a NaN or infinite value, which no loading takes.

    Example:
        >>> print(Description('MoCo v2', Architecture('ResNet-50'), 322, 'state_dict', {'encoder_q.': 161}, []))
        source        MoCo v2
        architecture  ResNet-50
        tensors       322, under state_dict
        prefixes      encoder_q.                          161
        beside them   nothing
    """

    source: str
    architecture: Architecture
    tensors: int
    where: str
    prefixes: dict[str, int]
    others: list[str]
    non_finite: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """A line for each fact, its title before the first of its lines."""
        facts = {
            'source': [self.source],
            'architecture': [self.architecture.name],
            'tensors': [
                f'{self.tensors}, {f"under {self.where}" if self.where else "at the top of the file"}',
                *(f'NaN or infinite values in {name}' for name in self.non_finite[:3]),
            ],
            'prefixes': [f'{prefix or "(none)":<32} {count:>6}' for prefix, count in self.prefixes.items()],
            'beside them': self.others or ['nothing'],
        }
        titled = [(title if not i else '', line) for title, lines in facts.items() for i, line in enumerate(lines)]
        return '\n'.join(f'{title:<14}{line}' for title, line in titled)


def describe_checkpoint(path: str | Path, trusted: bool | None = None) -> Description:
    """Read a checkpoint and say what it holds.

    Args:
        path: The file.
        trusted: As of :func:`cft.checkpoints.read_checkpoint`.

    Raises:
        ConfigError: If it cannot be read safely, or holds no named tensors.

    Example:
        >>> describe_checkpoint('moco_v2_800ep.pth.tar').architecture.name  # doctest: +SKIP
        'ResNet-50'
    """
    content = read_checkpoint(path, trusted)
    file = find_named_tensors(content, path)
    encoders = find_encoders(file.tensors)
    prefix = next(iter(encoders), '')
    dialect = dialects_of(file.tensors).get(prefix)
    source = recognise(file.tensors, prefix, file.where, dialect.name if dialect else '')
    name = f'{source.name} ({source.taken} is taken)' if source.taken else source.name
    counts = Counter(_group(name, encoders) for name in file.tensors)
    ordered = sorted(
        counts, key=lambda group: (group not in encoders, encoders.index(group) if group in encoders else 0)
    )
    others = [file.note] if file.note else []
    if isinstance(content, dict) and file.where:
        others += [_describe_entry(key, value) for key, value in content.items() if key != file.where.split('.')[0]]
    return Description(
        name,
        _architecture(file.tensors),
        len(file.tensors),
        file.where,
        {group: counts[group] for group in ordered},
        others,
        non_finite_weights(file.tensors),
    )


def _architecture(tensors: dict[str, torch.Tensor]) -> Architecture:
    encoder = encoder_of(tensors)
    guess = guess_architecture(encoder)
    return (
        Architecture(f'{UNKNOWN}; it looks like {words}')
        if guess.name == UNKNOWN and (words := likeness(encoder))
        else guess
    )


def _group(name: str, encoders: list[str]) -> str:
    fitting = [prefix for prefix in encoders if name.startswith(prefix)]
    if fitting:
        return max(fitting, key=len)
    parts = name.split('.')
    depth = 2 if parts[0] == 'module' else 1
    return '.'.join(parts[:depth]) + ('.' if len(parts) > depth else '')


def _describe_entry(key: object, value: object) -> str:
    if isinstance(value, str) and len(value) > 40:
        return f'{key} (text of {len(value)} characters)'
    if isinstance(value, bool | int | float | str):
        return f'{key}={value}'
    if isinstance(value, torch.Tensor):
        return f'{key} (tensor of shape {tuple(value.shape)})'
    if isinstance(value, dict | list | tuple):
        return f'{key} ({type(value).__name__} of {len(value)})'
    return str(key)
