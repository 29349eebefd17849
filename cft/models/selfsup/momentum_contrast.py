"""Base of the methods that compare an online encoder with its moving average."""

import copy

import torch
from mmpretrain.models import BaseSelfSupervisor
from mmpretrain.structures import DataSample
from torch import nn

from cft.ops import shuffle_rows
from cft.registry import MODELS

from .feature_queue import FeatureQueue


@MODELS.register_module()
class MomentumContrast(BaseSelfSupervisor):
    """Siamese pre-training with a momentum encoder and a queue of its keys.

    View 0 goes through the online backbone and neck (query), view 1 through
    their exponential moving average (key, no gradient); the head compares
    query, key and queue. ``cft.MomentumUpdateHook`` moves the average after
    every optimiser step; training without it stops with an error.

    Args:
        backbone: Config of the backbone.
        neck: Config of the projector; its last output is (N, feat_channels).
        head: Config of a loss with ``forward(query, key, queue)``.
        queue_length: M, number of past keys; 0: the batch's keys are the candidates.
        feat_channels: D, width of the projector's output.
        shuffle_keys: Shuffle the key images among all ranks before encoding,
            so that BatchNorm statistics do not tell which key is whose.
        data_preprocessor: Config; default mmpretrain's SelfSupDataPreprocessor.
        init_cfg: Initialisation config.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.MomentumContrast', backbone=dict(type='ResNet', depth=18),
        ...     neck=dict(type='MoCoV2Neck', in_channels=512, hid_channels=512, out_channels=128),
        ...     head=dict(type='cft.InfoNCELoss'), queue_length=4096, feat_channels=128))
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        queue_length: int = 65536,
        feat_channels: int = 256,
        shuffle_keys: bool = True,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone, neck=neck, head=head, data_preprocessor=data_preprocessor, init_cfg=init_cfg
        )
        self.target_backbone = copy.deepcopy(self.backbone).requires_grad_(False)
        self.target_neck = copy.deepcopy(self.neck).requires_grad_(False)
        self.queue = FeatureQueue(queue_length, feat_channels) if queue_length else None
        self.shuffle_keys = shuffle_keys
        self._steps_without_update = 0

    def init_weights(self) -> None:
        """Initialise the online encoder and copy it to the momentum encoder."""
        super().init_weights()
        self.target_backbone.load_state_dict(self.backbone.state_dict())
        self.target_neck.load_state_dict(self.neck.state_dict())

    @torch.no_grad()
    def update_target(self, momentum: float) -> None:
        """Move the average: ``target = momentum * target + (1 - momentum) * online``.

        Parameters move; BatchNorm statistics of the momentum encoder are its own.
        """
        target = [*self.target_backbone.parameters(), *self.target_neck.parameters()]
        online = [*self.backbone.parameters(), *self.neck.parameters()]
        torch._foreach_lerp_(target, online, 1 - momentum)
        self._steps_without_update = 0

    def loss(self, inputs: list[torch.Tensor], data_samples: list[DataSample]) -> dict[str, torch.Tensor]:
        """Compute the loss of a batch.

        Args:
            inputs: Two views (N, C, H, W): online, then target.
            data_samples: Not used.

        Raises:
            ValueError: If there are not exactly two views.
            RuntimeError: If the momentum encoder is never updated.
        """
        if isinstance(inputs, torch.Tensor) or len(inputs) != 2:
            raise ValueError('expected two views of each image; put MultiView with two pipelines into the data config')
        self._check_updates()
        query = self.neck(self.backbone(inputs[0]))[-1]
        key = self._encode_keys(inputs[1])
        loss = self.head(query, key, None if self.queue is None else self.queue.features.clone())
        if self.queue is not None:
            self.queue.enqueue(key)
        return {'loss': loss}

    @torch.no_grad()
    def _encode_keys(self, images: torch.Tensor) -> torch.Tensor:
        if not self.shuffle_keys:
            return self.target_neck(self.target_backbone(images))[-1]
        images, restore = shuffle_rows(images)
        return restore(self.target_neck(self.target_backbone(images))[-1])

    def _check_updates(self) -> None:
        self._steps_without_update += 1
        if self._steps_without_update > 1000:
            raise RuntimeError(
                'the momentum encoder has not moved for 1000 batches; add '
                "custom_hooks = [dict(type='cft.MomentumUpdateHook')] to the config"
            )
