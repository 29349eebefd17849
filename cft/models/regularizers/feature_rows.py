"""The rows that the classifier of a model is given, in every task."""

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.branches import record_calls


def require_feature_rows(model: nn.Module) -> None:
    """Check that :func:`watch_feature_rows` finds the classifier.

    Raises:
        ConfigError: If it does not.
    """
    _classifier(model)


@contextlib.contextmanager
def watch_feature_rows(model: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the features of the forward passes inside the block; they are there when it ends.

    Of a classifier the pooled output of neck or backbone, (N, D) for N images
    of all views; of a segmentor every pixel of the decode head's last feature
    map, before dropout; of a two-stage detector the regions that its box head
    classifies.

    Example:
        >>> with watch_feature_rows(model) as rows:  # doctest: +SKIP
        ...     model.loss(inputs, data_samples)
        >>> torch.cat(rows).shape  # doctest: +SKIP
        torch.Size([64, 2048])
    """
    layer, sees_input = _classifier(model)
    rows: list[Tensor] = []
    with record_calls(layer) as calls:
        yield rows
    for given, output in calls if not sees_input else calls[:1]:
        rows.append(_as_rows(given if sees_input else output, pooled=not sees_input))
    if not rows:
        raise ConfigError('cft.BSS: no features have reached the classifier; remove it from the regularizers')


def _classifier(model: nn.Module) -> tuple[nn.Module, bool]:
    """The layer before or behind which the features lie, and whether they are its input."""
    decode_head: Any = getattr(model, 'decode_head', None)
    if hasattr(decode_head, 'conv_seg'):
        dropout = getattr(decode_head, 'dropout', None)
        return decode_head.conv_seg if dropout is None else dropout, True
    box_head: Any = getattr(getattr(model, 'roi_head', None), 'bbox_head', None)
    if isinstance(getattr(box_head, 'fc_cls', None), nn.Module):
        return box_head.fc_cls, True
    if isinstance(getattr(model, 'head', None), nn.Module):
        neck = getattr(model, 'neck', None)
        return (neck if isinstance(neck, nn.Module) else model.get_submodule('backbone')), False
    raise ConfigError(
        f'cft.BSS: {type(model).__name__} has no single layer that classifies rows of features; take a classifier, an '
        'encoder-decoder or a two-stage detector, or remove it'
    )


def _as_rows(features: Tensor | tuple | list, pooled: bool) -> Tensor:
    last = features[-1] if isinstance(features, tuple | list) else features
    if last.dim() <= 2:
        return last
    maps = last.flatten(2)
    return maps.mean(dim=2) if pooled else maps.transpose(1, 2).flatten(0, 1)
