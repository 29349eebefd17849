"""HEXA (Li et al. 2020): MoCo-v2 and DeepCluster-v2 that also recognise hard examples."""

from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from cft.models.adversarial import PixelSpace
from cft.models.norms import agree_at_the_start, convert_to_auxiliary
from cft.registry import MODELS

from .deep_cluster import DeepClusterV2
from .methods import MoCoV2


@MODELS.register_module()
class HEXAMoCo(MoCoV2):
    """MoCo-v2 with adversarial and cut-mixed queries (HEXA, algorithm 1 and equation 10).

    Keys, momentum encoder and queue are MoCo's; hard examples are made of the
    queries alone. A cut-mixed query is compared with the keys of both images.
    With an adversarial term the BatchNorms of the online encoder get auxiliary
    statistics; the momentum encoder never sees an adversarial image and keeps
    plain ones. The names of the clean side are those of the plain model, so
    that checkpoints of either load into the other's backbone.

    Args:
        hard_examples: Config of :class:`HardExamples`; default HEXA_MoCo's, adversarial queries alone.
        args: Those of :class:`MomentumContrast`, as ``kwargs``; another head than
            InfoNCE gives the hard examples of another method.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.HEXAMoCo', backbone=dict(type='ResNet', depth=50),
        ...     neck=dict(type='MoCoV2Neck', in_channels=2048, hid_channels=2048, out_channels=128),
        ...     hard_examples=dict(type='cft.HardExamples', adversarial_weight=1., cutmix_weight=1.),
        ...     feat_channels=128))  # doctest: +SKIP
    """

    def __init__(self, *args: Any, hard_examples: dict | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hard_examples = MODELS.build({'type': 'cft.HardExamples'} if hard_examples is None else hard_examples)
        if self.hard_examples.attacks:
            self.backbone = convert_to_auxiliary(self.backbone)
            self.neck = convert_to_auxiliary(self.neck)
            if self.predictor is not None:
                self.predictor = convert_to_auxiliary(self.predictor)

    def init_weights(self) -> None:
        """Initialise as momentum contrast; clean and auxiliary BatchNorms start alike."""
        super().init_weights()
        agree_at_the_start(self)

    def loss(self, inputs: list[Tensor], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute ``loss_std``, ``loss_adv`` and ``loss_cmx``; arguments as in :class:`MomentumContrast`."""
        pairs = self.pairs_of(inputs)
        keys = self.encode_keys(inputs, pairs)
        pair_losses = self.pair_losses(keys)
        query_views = list(dict.fromkeys(query for query, _ in pairs))

        def encode(views: Sequence[Tensor]) -> list[Tensor]:
            return [self.encode_query(view) for view in views]

        def view_losses(queries: list[Tensor], partners: Sequence[Tensor | None]) -> list[list[Tensor]]:
            losses = pair_losses(dict(zip(query_views, queries, strict=True)), pairs, partners) / len(pairs)
            own = [[place for place, pair in enumerate(pairs) if pair[0] == view] for view in query_views]
            return [[torch.stack([row[place] for place in places]).sum() for places in own] for row in losses]

        online = nn.ModuleList(part for part in (self.backbone, self.neck, self.predictor) if part is not None)
        views = [inputs[view] for view in query_views]
        pixels = PixelSpace(self.data_preprocessor)
        losses, _ = self.hard_examples(views, encode, view_losses, online, pixels, trained_parameters(self))
        self.enqueue(keys)
        return losses


@MODELS.register_module()
class HEXADCluster(DeepClusterV2):
    """DeepCluster-v2 with adversarial and cut-mixed views (HEXA, algorithm 2 and equation 10).

    Every crop has its hard counterparts; a cut-mixed crop is asked for the
    clusters of both images, and all crops of an image are mixed with those of
    the same partner. Only clean embeddings are collected for k-means. With an
    adversarial term the BatchNorms get auxiliary statistics; the names of the
    clean side are those of the plain model.

    Args:
        hard_examples: Config of :class:`HardExamples`; default HEXA_DCluster's, adversarial
            views alone. With ``cutmix_weight=1`` as well it is the paper's HEXA+_DCluster.
        args: Those of :class:`DeepClusterV2`, as ``kwargs``.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.HEXADCluster', backbone=dict(type='ResNet', depth=50),
        ...     neck=dict(type='MoCoV2Neck', in_channels=2048, hid_channels=2048, out_channels=128),
        ...     hard_examples=dict(type='cft.HardExamples', cutmix_weight=1.)))  # doctest: +SKIP
    """

    def __init__(self, *args: Any, hard_examples: dict | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hard_examples = MODELS.build({'type': 'cft.HardExamples'} if hard_examples is None else hard_examples)
        if self.hard_examples.attacks:
            self.backbone = convert_to_auxiliary(self.backbone)
            self.neck = convert_to_auxiliary(self.neck)

    def init_weights(self) -> None:
        """Initialise as DeepCluster-v2; clean and auxiliary BatchNorms start alike."""
        super().init_weights()
        agree_at_the_start(self)

    def loss(self, inputs: list[Tensor], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute ``loss_std``, ``loss_adv`` and ``loss_cmx``; arguments as in :class:`DeepClusterV2`."""
        views, indices = self.checked_views(inputs), self.clustered_indices(data_samples)
        labels = self.assignments[:, indices]

        def view_losses(embeddings: list[Tensor], partners: Sequence[Tensor | None]) -> Tensor:
            asked = [labels if partner is None else labels[:, partner] for partner in partners]
            return self.losses_of_labels(embeddings, asked) / len(embeddings)

        online, pixels = nn.ModuleList([self.backbone, self.neck]), PixelSpace(self.data_preprocessor)
        losses, embeddings = self.hard_examples(
            views, self.encode, view_losses, online, pixels, trained_parameters(self)
        )
        self.remember(indices, embeddings)
        return losses


def trained_parameters(model: nn.Module) -> list[nn.Parameter]:
    """Those that receive gradients."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]
