"""Adversarial views of the images that a classifier is trained on."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from cft.errors import ConfigError
from cft.models.adversarial import PGD, PixelSpace

from .targets import targets_of


def adversarial_views(
    model: Any, views: Sequence[torch.Tensor], data_samples: Sequence[DataSample], attack: PGD
) -> list[torch.Tensor]:
    """The views as an attack changes them, in pixel space, against the model as it is.

    The attack raises the cross-entropy of the classifier, each view's by
    itself. While the cross-entropy has weight 0, as in COIN's first stage, the
    classifier says nothing yet, and the contrastive loss is raised.

    Args:
        model: A classifier of mmpretrain's kind, in the middle of a training step or not.
        views: Normalised (N, C, H, W) images, V of them; sizes may differ.
        data_samples: N samples; each one's label holds for all its views.
        attack: Told of the model, so that it decides on its mode.

    Returns:
        V detached tensors, normalised as the views are.

    Raises:
        ConfigError: If the images are not normalised by the data preprocessor alone.

    Example:
        >>> adversarial_views(model, [images], data_samples, PGD('linf', epsilon=4))  # doctest: +SKIP
    """
    pixels = PixelSpace(model.data_preprocessor)
    pixels.check(views)

    def loss_of(images: torch.Tensor) -> torch.Tensor:
        features = model.extract_feat(pixels.normalize(images))
        weights = getattr(model.head, 'loss_weights', {})
        if weights.get('loss_ce', 1) == 0 and weights.get('loss_con', 0) > 0:
            return model.head.loss(features, list(data_samples))['loss_con']
        return F.cross_entropy(model.head(features).float(), targets_of(data_samples), reduction='sum')

    return [pixels.normalize(attack(pixels.restore(view), loss_of, model)) for view in views]


def check_attackable(model: Any) -> None:
    """Refuse a classifier that cannot be trained on adversarial views.

    Raises:
        ConfigError: If its images have several labels each, or it recomputes activations in the backward pass.
    """
    if 'MultiLabel' in type(getattr(model, 'head', None)).__name__:
        raise ConfigError('adversarial training is for images with one label each; remove model.adversarial')
    for name, module in model.named_modules():
        if getattr(module, 'with_cp', False):
            raise ConfigError(
                f'{name or "the model"} has with_cp=True: gradients of images alone cannot be taken through '
                'recomputed activations; set with_cp=False for adversarial training'
            )
