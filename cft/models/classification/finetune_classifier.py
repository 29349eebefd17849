"""Image classifier that accepts one view of each image or several."""

from collections.abc import Sequence

import torch
from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample

from cft.errors import ConfigError
from cft.models.regularizers import Regularizers
from cft.registry import MODELS


def _join_views(views: list[tuple[torch.Tensor, ...]]) -> tuple[torch.Tensor, ...]:
    return tuple(torch.cat(stages) for stages in zip(*views, strict=True))


@MODELS.register_module()
class FineTuneClassifier(ImageClassifier):
    """mmpretrain's ``ImageClassifier`` for any number of views.

    Views of one size go through the backbone together, so that each image is
    encoded once per view and BatchNorm sees all of them; row ``v * N + i`` of
    the features is view v of image i. Arguments are those of
    :class:`mmpretrain.models.ImageClassifier`; the data preprocessor defaults
    to :class:`cft.models.MultiViewDataPreprocessor`.

    Args:
        regularizers: Configs of terms beside the head's losses, such as
            ``dict(type='cft.L2SP')``; each adds a loss under its own name.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.FineTuneClassifier',
        ...     backbone=dict(type='ResNet', depth=18),
        ...     neck=dict(type='GlobalAveragePooling'),
        ...     head=dict(type='cft.ContrastiveClsHead', num_classes=10, in_channels=512)))
    """

    def __init__(
        self,
        *args: object,
        data_preprocessor: dict | torch.nn.Module | None = None,
        regularizers: Sequence[dict] = (),
        **kwargs: object,
    ) -> None:
        if not isinstance(data_preprocessor, torch.nn.Module):
            data_preprocessor = {'type': 'cft.MultiViewDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(*args, data_preprocessor=data_preprocessor, **kwargs)
        self.regularizers = Regularizers(regularizers)
        self.regularizers.check(self)

    def loss(
        self, inputs: torch.Tensor | list[torch.Tensor], data_samples: list[DataSample]
    ) -> dict[str, torch.Tensor]:
        """Compute the losses of a batch.

        Args:
            inputs: (N, C, H, W), or a list of V such tensors, one per view.
            data_samples: N samples; each one's label holds for all its views.

        Raises:
            ConfigError: If the model has no head.
        """
        if not self.with_head:
            raise ConfigError('model.head is missing or None: a classifier is trained by its head; give it one')
        with self.regularizers.watch(self) as terms:
            losses = self._task_losses(inputs, data_samples)
        return {**losses, **terms}

    def _task_losses(
        self, inputs: torch.Tensor | list[torch.Tensor], data_samples: list[DataSample]
    ) -> dict[str, torch.Tensor]:
        if isinstance(inputs, torch.Tensor):
            return super().loss(inputs, data_samples)
        return self.head.loss(self._extract_views(inputs), list(data_samples) * len(inputs))

    def _extract_views(self, views: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        if len({view.shape for view in views}) == 1:
            return self.extract_feat(torch.cat(views))
        return _join_views([self.extract_feat(view) for view in views])
