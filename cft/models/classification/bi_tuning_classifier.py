"""Image classifier beside a momentum encoder and a queue of its keys for every class."""

import copy
from typing import Any

import torch
from mmpretrain.structures import DataSample
from torch import nn

from cft.errors import ConfigError
from cft.models.branches import ClassQueue, MovingAverage, PastAndPresentKeys
from cft.registry import MODELS

from .finetune_classifier import FineTuneClassifier


@MODELS.register_module()
class BiTuningClassifier(MovingAverage, FineTuneClassifier):
    """Classifier that contrasts its features with the keys of its own moving average (Bi-tuning).

    Of two views of each image the first goes through the network (query), the
    second through the exponential moving average of backbone, neck and
    projector (key, without gradient). The head's
    :class:`cft.models.BiTuningBranch` compares queries with the keys of this
    and of past batches; then the keys enter the queue of their class.
    ``cft.MomentumUpdateHook`` moves the average after every optimiser step.
    Inference is that of the classifier. Weights of a plain classifier can be
    loaded: the average begins with them.

    Args:
        args, kwargs: Those of :class:`cft.models.FineTuneClassifier`.
        keys_per_class: K, length of each class's queue. It takes
            4 K (D + E) bytes for each class of D features and E projections.

    Raises:
        ConfigError: If the head has no :class:`cft.models.BiTuningBranch`; in training, if there are not two views.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.BiTuningClassifier', keys_per_class=40, backbone=dict(type='ResNet', depth=18),
        ...     neck=dict(type='GlobalAveragePooling'),
        ...     head=dict(type='cft.ContrastiveClsHead', num_classes=10, in_channels=512, contrastive=dict(
        ...         type='cft.BiTuningBranch',
        ...         projector=dict(type='cft.MLPProjector', in_channels=None, out_channels=128, num_layers=1)))))
    """

    backbone: nn.Module
    neck: nn.Module
    head: Any

    def __init__(self, *args: Any, keys_per_class: int = 40, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branch: Any = getattr(self.head, 'contrastive', None)
        if not getattr(branch, 'needs_keys', False):
            raise ConfigError(
                "BiTuningClassifier needs head=dict(type='cft.ContrastiveClsHead', "
                "contrastive=dict(type='cft.BiTuningBranch', ...)); without it take cft.FineTuneClassifier"
            )
        self.target_backbone = copy.deepcopy(self.backbone).requires_grad_(False)
        self.target_neck = copy.deepcopy(self.neck).requires_grad_(False) if self.with_neck else None
        self.target_projector = copy.deepcopy(branch.projector).requires_grad_(False)
        self.widths = [self.head.in_channels, branch.projector.out_channels]
        self.queue = ClassQueue(self.head.num_classes, keys_per_class, sum(self.widths))
        self.register_load_state_dict_post_hook(_begin_average)

    def averaged_parts(self) -> tuple[tuple[nn.Module, nn.Module], ...]:
        """Modules of the momentum encoder, each with its online counterpart."""
        parts = [(self.target_backbone, self.backbone), (self.target_projector, self.head.contrastive.projector)]
        if self.target_neck is not None:
            parts.append((self.target_neck, self.neck))
        return tuple(parts)

    def init_weights(self) -> None:
        """Initialise the classifier and copy it to the momentum encoder."""
        super().init_weights()
        self.copy_to_target()

    def loss(
        self, inputs: torch.Tensor | list[torch.Tensor], data_samples: list[DataSample]
    ) -> dict[str, torch.Tensor]:
        """Losses of two views (N, C, H, W), the query's and the key's; H and W may differ between them."""
        if isinstance(inputs, torch.Tensor) or len(inputs) != 2:
            views = 1 if isinstance(inputs, torch.Tensor) else len(inputs)
            raise ConfigError(
                f'Bi-tuning takes two views of each image, and there are {views}; put '
                'train_dataloader.dataset.pipeline=two_view_pipeline into the config'
            )
        return super().loss(inputs, data_samples)

    def _views_to_attack(self, views: list[torch.Tensor]) -> list[torch.Tensor]:
        # The adversarial query is to find the key of the clean image.
        return views[:1]

    def _task_losses(
        self, inputs: torch.Tensor | list[torch.Tensor], data_samples: list[DataSample]
    ) -> dict[str, torch.Tensor]:
        self.check_updates()
        queries = [inputs[0], *inputs[2:]]
        features = self._extract_views(queries)
        rows = self._encode_keys(inputs[1])
        queue_features, queue_projections = self.queue.keys.split(self.widths, dim=1)
        projections = rows.split(self.widths, dim=1)[1]
        keys = PastAndPresentKeys(
            projections.repeat(len(queries), 1), queue_features, queue_projections, self.queue.labels
        )
        losses = self.head.loss(features, data_samples * len(queries), keys=keys, classifier=self.head.fc)
        self.queue.enqueue(rows, torch.cat([sample.gt_label for sample in data_samples]))
        return losses

    @torch.no_grad()
    def _encode_keys(self, images: torch.Tensor) -> torch.Tensor:
        """(N, D + E) features and projections of the momentum encoder."""
        outputs = self.target_backbone(images)
        if self.target_neck is not None:
            outputs = self.target_neck(outputs)
        features = self.head.pre_logits(outputs)
        return torch.cat([features, self.target_projector(features)], dim=1)


def _begin_average(model: BiTuningClassifier, incompatible: Any) -> None:
    """Let the average begin with weights that came without one."""
    absent = [name for name in incompatible.missing_keys if name.startswith(('target_', 'queue.'))]
    if any(name.startswith('target_') for name in absent):
        model.copy_to_target()
        for name in absent:
            incompatible.missing_keys.remove(name)
