"""HEXA-DCluster: DeepCluster-v2 that also recognises the clusters of hard examples."""

from mmpretrain.structures import DataSample
from torch import Tensor, nn

from cft.models.adversarial import convert_to_auxiliary
from cft.registry import MODELS

from .deep_cluster import DeepClusterV2
from .pixel_space import PixelSpace


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

    def __init__(self, *args: object, hard_examples: dict | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.hard_examples = MODELS.build({'type': 'cft.HardExamples'} if hard_examples is None else hard_examples)
        if self.hard_examples.attacks:
            self.backbone = convert_to_auxiliary(self.backbone)
            self.neck = convert_to_auxiliary(self.neck)

    def loss(self, inputs: list[Tensor], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute ``loss_std``, ``loss_adv`` and ``loss_cmx``; arguments as in :class:`DeepClusterV2`."""
        views, labels = self.checked_views(inputs), self.labels_of(data_samples)

        def view_losses(embeddings: list[Tensor], partner: Tensor | None) -> list[Tensor]:
            asked = labels if partner is None else labels[:, partner]
            return [loss / len(embeddings) for loss in self.view_losses(embeddings, asked)]

        online, pixels = nn.ModuleList([self.backbone, self.neck]), PixelSpace(self.data_preprocessor)
        losses, embeddings = self.hard_examples(views, self.encode, view_losses, online, pixels)
        self.collect(data_samples, embeddings)
        return losses
