"""Weights that are no numbers are no weights."""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, strided

from cft.errors import ConfigError
from cft.ops import all_finite, names_of_non_finite

# Attention masks that a model keeps are -inf on purpose; a mask_token is a weight.
MASK = re.compile(r'(.*[._])?mask')


def refuse_non_finite(tensors: Mapping[str, object], path: str | Path) -> None:
    """Refuse weights, or an optimiser's state, with a NaN or infinite value.

    Args:
        tensors: As of :func:`non_finite_weights`.
        path: For the message.

    Raises:
        ConfigError: With the name of the first, and how many more there are.

    Example:
        >>> refuse_non_finite({'conv.weight': torch.zeros(2), 'attn_mask': torch.tensor(-torch.inf)}, 'a.pth')
    """
    wrong = non_finite_weights(tensors)
    if wrong:
        others = f' and {len(wrong) - 1} more tensors hold' if len(wrong) > 1 else ' holds'
        raise ConfigError(
            f'{path}: {wrong[0]!r}{others} NaN or infinite values, from which nothing can be trained or predicted; '
            'take a checkpoint from before the training diverged, or download the file again'
        )


def non_finite_weights(tensors: Mapping[str, object]) -> list[str]:
    """Names of the weights with a NaN or infinite value; nothing but dense floating-point tensors can have one.

    One norm over all of them where they are finite, which takes a quarter of the time of reading the file.
    """
    weights = {
        name: tensor.detach().float() if tensor.element_size() == 1 else tensor.detach()
        for name, tensor in tensors.items()
        if isinstance(tensor, Tensor) and tensor.is_floating_point() and tensor.layout == strided
        if not MASK.fullmatch(str(name))
    }
    return [] if all_finite(list(weights.values())) else names_of_non_finite(weights.items())
