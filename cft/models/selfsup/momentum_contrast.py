"""Base of the methods that compare an online encoder with its moving average."""

import copy
from collections.abc import Sequence

import torch
from mmengine.dist import get_world_size
from mmpretrain.models import BaseSelfSupervisor
from mmpretrain.structures import DataSample
from torch import nn

from cft.models.branches import MovingAverage
from cft.models.norms import SplitBatchNorm2d, split_batch_norms
from cft.ops import row_counts, shuffle_rows
from cft.registry import MODELS

from .feature_queue import FeatureQueue
from .pair_losses import PairLosses
from .views import view_pairs


@MODELS.register_module()
class MomentumContrast(MovingAverage, BaseSelfSupervisor):
    """Siamese pre-training with a momentum encoder and a queue of its keys.

    View 0 goes through the online backbone, neck and, if there is one,
    predictor (query), view 1 through the exponential moving average of
    backbone and neck (key, no gradient); the head compares query, key and
    queue. Further views are local crops of any size, queries as well. With a
    symmetric loss views 0 and 1 are both query and key. The loss is the mean
    over the pairs of :func:`view_pairs`; the keys of all key views then enter
    the queue. ``cft.MomentumUpdateHook`` moves the average after every
    optimiser step; training without it stops with an error.

    Each view passes alone, so that BatchNorm normalises views of one
    distribution and size together.

    Args:
        backbone: Config of the backbone.
        neck: Config of the projector; its last output is (N, feat_channels).
        head: Config of a loss with ``forward(query, key, queue)``, or one that takes
            all pairs at once (:class:`PairLosses`).
        queue_length: M, number of past keys; 0: the batch's keys are the candidates.
        queue_type: 'float32', or 'float16' or 'bfloat16' for half of its memory; see :class:`FeatureQueue`.
        feat_channels: D, width of the projector's output.
        shuffle_keys: Shuffle the key images among all ranks before encoding,
            so that BatchNorm statistics do not tell which key is whose. Not
            needed without BatchNorm, or with SyncBN.
        predictor: Config of a neck on top of the online one (BYOL, MoCo-v3), from D to D.
        symmetric: Average the losses of both directions (SCE, section 3.2).
        key_splits: Number of parts of the key images that each BatchNorm2d of the
            momentum encoder normalises on its own, which stand for so many GPUs
            (:class:`cft.models.SplitBatchNorm2d`); the online encoder stays as it is.
            Other norms cannot be split.
        data_preprocessor: Config; default mmpretrain's SelfSupDataPreprocessor.
        init_cfg: Initialisation config.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.MomentumContrast', backbone=dict(type='ResNet', depth=18),
        ...     neck=dict(type='MoCoV2Neck', in_channels=512, hid_channels=512, out_channels=128),
        ...     head=dict(type='cft.InfoNCELoss'), queue_length=4096, feat_channels=128))
    """

    backbone: nn.Module
    neck: nn.Module

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        queue_length: int = 65536,
        feat_channels: int = 256,
        shuffle_keys: bool = True,
        predictor: dict | None = None,
        symmetric: bool = False,
        key_splits: int = 1,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
        queue_type: str = 'float32',
    ) -> None:
        super().__init__(
            backbone=backbone, neck=neck, head=head, data_preprocessor=data_preprocessor, init_cfg=init_cfg
        )
        self.target_backbone = copy.deepcopy(self.backbone).requires_grad_(False)
        self.target_neck = copy.deepcopy(self.neck).requires_grad_(False)
        if key_splits > 1:
            split_batch_norms(nn.ModuleList([self.target_backbone, self.target_neck]), key_splits)
        self.predictor = None if predictor is None else MODELS.build(predictor)
        self.queue = FeatureQueue(queue_length, feat_channels, queue_type) if queue_length else None
        self.shuffle_keys = shuffle_keys
        self.symmetric = symmetric
        self._batch_sizes: list[int] | None = None

    def init_weights(self) -> None:
        """Initialise the online encoder and copy it to the momentum encoder."""
        super().init_weights()
        self.copy_to_target()

    def averaged_parts(self) -> tuple[tuple[nn.Module, nn.Module], ...]:
        """Modules of the momentum encoder, each with its online counterpart, which may hold further tensors."""
        return (self.target_backbone, self.backbone), (self.target_neck, self.neck)

    def fix_batch_size(self, rows: int | None) -> None:
        """Agree with the other ranks on how many images each has in every batch; all ranks must call.

        The number is then not exchanged, nor waited for, in every step; keys of
        another number are refused where they are shuffled or put into the queue.

        Args:
            rows: Of this rank; None if it changes, on any rank.
        """
        sizes = row_counts(next(self.parameters()).new_empty(rows or 0, 0))
        self._batch_sizes = sizes if all(sizes) else None

    def statistics_tell_keys(self) -> bool:
        """Whether BatchNorm normalises each key with the images of its query's batch, which tells it from the queue.

        Shuffling prevents it among ranks, ``key_splits`` within one.
        """
        if not self.shuffle_keys or get_world_size() > 1:
            return False
        norms = [layer for layer in self.target_backbone.modules() if isinstance(layer, nn.BatchNorm2d)]
        return any(not isinstance(layer, SplitBatchNorm2d) for layer in norms)

    def loss(self, inputs: list[torch.Tensor], data_samples: list[DataSample]) -> dict[str, torch.Tensor]:
        """Compute the loss of a batch.

        Args:
            inputs: Views (N, C, H, W): two global ones, then local crops; H and W may differ between views.
            data_samples: Not used.

        Raises:
            ValueError: If there are fewer than two views.
            RuntimeError: If the momentum encoder is never updated.
        """
        pairs = self.pairs_of(inputs)
        keys = self.encode_keys(inputs, pairs)
        queries = {view: self.encode_query(inputs[view]) for view in dict.fromkeys(query for query, _ in pairs)}
        losses = self.pair_losses(keys)(queries, pairs)
        self.enqueue(keys)
        return {'loss': losses.mean()}

    def pairs_of(self, inputs: Sequence[torch.Tensor]) -> list[tuple[int, int]]:
        """Check a batch of views and return its pairs of query and key views."""
        self.check_updates()
        return view_pairs(1 if isinstance(inputs, torch.Tensor) else len(inputs), self.symmetric)

    def encode_query(self, images: torch.Tensor) -> torch.Tensor:
        """Online features (N, D) of one view, after the predictor if there is one."""
        features = self.neck(self.backbone(images))
        return (features if self.predictor is None else self.predictor(features))[-1]

    def encode_keys(self, inputs: Sequence[torch.Tensor], pairs: Sequence[tuple[int, int]]) -> dict[int, torch.Tensor]:
        """Momentum features (N, D) of every key view of the pairs, by view, without gradient."""
        return {view: self._encode_keys(inputs[view]) for view in dict.fromkeys(key for _, key in pairs)}

    def pair_losses(self, keys: dict[int, torch.Tensor]) -> PairLosses:
        """The head with these keys and the queue as it is, to be asked before they are put into it."""
        return PairLosses(self.head, keys, None if self.queue is None else self.queue.features)

    def past_keys(self) -> torch.Tensor | None:
        """A float32 copy (M, D) of the queue as it is before this batch; None without a queue."""
        return None if self.queue is None else self.queue.features.to(torch.float32, copy=True)

    def enqueue(self, keys: dict[int, torch.Tensor]) -> None:
        """Put the keys of a batch, view by view, into the queue."""
        if self.queue is not None:
            for key in keys.values():
                self.queue.enqueue(key, self._batch_sizes)

    @torch.no_grad()
    def _encode_keys(self, images: torch.Tensor) -> torch.Tensor:
        if not self.shuffle_keys:
            return self.target_neck(self.target_backbone(images))[-1]
        images, restore = shuffle_rows(images, self._batch_sizes)
        return restore(self.target_neck(self.target_backbone(images))[-1])
