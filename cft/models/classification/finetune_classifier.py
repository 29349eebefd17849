"""Image classifier that accepts one view of each image or several."""

from collections.abc import Sequence

import torch
from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample

from cft.errors import ConfigError
from cft.models.regularizers import Regularizers
from cft.registry import MODELS

from .adversarial_views import adversarial_views, check_attackable


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

    Adversarial training (Core-tuning, appendix C.4: "both clean and adversarial
    samples for training"; how the losses see the two is not published) is read
    as follows. The adversarial counterpart of every view is one more view of
    its image. Clean and adversarial views go through the backbone together, in
    one batch of twice the size, and the head computes its losses on all rows:
    cross-entropy is the mean over both, and contrast, hard pairs and the smooth
    classifier find positives and negatives among both. BatchNorm normalises and
    tracks clean and adversarial rows as one population in this pass; for the
    attack's own passes see ``model_mode`` of :class:`cft.models.PGD`.

    Args:
        regularizers: Configs of terms beside the head's losses, such as
            ``dict(type='cft.L2SP')``; each adds a loss under its own name.
        adversarial: Config of the attack, such as ``dict(type='cft.PGD',
            norm='linf', epsilon=4)``; None trains on clean images alone. With
            S steps a training step has S forward passes and S backward passes
            to the images beside its own on twice as many rows.

    Raises:
        ConfigError: If a regulariser or the attack has no meaning for the model.

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
        adversarial: dict | None = None,
        **kwargs: object,
    ) -> None:
        if not isinstance(data_preprocessor, torch.nn.Module):
            data_preprocessor = {'type': 'cft.MultiViewDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(*args, data_preprocessor=data_preprocessor, **kwargs)
        self.regularizers = Regularizers(regularizers)
        self.regularizers.check(self)
        self.adversarial = None if adversarial is None else MODELS.build(adversarial)
        if self.adversarial is not None:
            check_attackable(self)

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
        if self.adversarial is not None:
            views = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
            attacked = self._views_to_attack(views)
            inputs = [*views, *adversarial_views(self, attacked, data_samples, self.adversarial)]
        with self.regularizers.watch(self) as terms:
            losses = self._task_losses(inputs, data_samples)
        return {**losses, **terms}

    def _views_to_attack(self, views: list[torch.Tensor]) -> list[torch.Tensor]:
        return views

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
