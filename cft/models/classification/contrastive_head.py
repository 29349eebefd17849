"""Linear classifier with a contrastive branch beside it."""

import torch
import torch.nn.functional as F
from mmpretrain.models import LinearClsHead
from mmpretrain.structures import DataSample
from torch import nn

from cft.errors import ConfigError
from cft.models.branches import ContrastiveSide, smooth_cross_entropy, zero_through
from cft.models.pairs import MixedPairs
from cft.registry import MODELS


@MODELS.register_module()
class ContrastiveClsHead(ContrastiveSide, LinearClsHead):
    """Linear classification head trained by cross-entropy and a contrastive loss.

    ``loss = w_ce * loss_ce + w_con * loss_con``; ``loss_con`` comes from the
    branch and already holds the branch's own ``loss_weight``. Inference is
    that of the plain linear head.

    Args:
        num_classes: Number of classes.
        in_channels: D, width of the features.
        contrastive: Config of a :class:`cft.models.ContrastiveBranch`, or None
            for cross-entropy alone.
        smooth_classifier: Average the cross-entropy over the original and the
            generated samples with their soft labels (Core-tuning, L_ce^m).
            Needs a branch with a pair generator.
        loss_weights: Weights ``loss_ce`` and ``loss_con``; stage hooks change
            them. A loss of weight 0 is not computed.
        kwargs: ``init_cfg`` of :class:`mmpretrain.models.LinearClsHead`.

    Raises:
        ConfigError: If ``num_classes`` is None, which a config leaves to the data.
        ValueError: If ``smooth_classifier`` has no generator to take samples
            from, a weight has an unknown name, or ``loss``, ``cal_acc`` or
            ``topk`` is given, which would have no effect.

    Example:
        >>> head = ContrastiveClsHead(10, 64, contrastive=dict(
        ...     type='cft.ContrastiveBranch', loss=dict(type='cft.SupConLoss'), loss_weight=0.1))
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        contrastive: dict | None = None,
        smooth_classifier: bool = False,
        loss_weights: dict[str, float] | None = None,
        **kwargs: object,
    ) -> None:
        ineffective = sorted({'loss', 'cal_acc', 'topk'} & set(kwargs))
        if ineffective:
            raise ValueError(f'{ineffective} would have no effect: this head computes loss_ce and loss_con; remove it')
        if num_classes is None:
            raise ConfigError(
                'num_classes is None: cft fills it in from the class folders of the data; with other tools set '
                'model.head.num_classes'
            )
        super().__init__(num_classes, in_channels, **kwargs)
        self.init_contrastive(in_channels, contrastive, smooth_classifier, loss_weights)

    takes_keys = True

    @property
    def classifiers(self) -> list[nn.Module]:
        """The linear layer."""
        return [self.fc]

    def loss(
        self, feats: tuple[torch.Tensor, ...], data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, torch.Tensor]:
        """Compute the losses.

        Args:
            feats: Features of the neck, the last one (N, D).
            data_samples: N samples with integer labels (``gt_label``), or soft
                labels (``gt_score``) from batch augmentation, which only
                cross-entropy can use.
            **kwargs: What the branch takes besides.

        Returns:
            ``loss_ce`` and, with a branch, ``loss_con``.
        """
        features = self.pre_logits(feats)
        if 'gt_score' in data_samples[0]:
            if self.trains_contrastively:
                raise ValueError('batch_augments mixes labels before the contrastive branch sees them; remove one')
            labels = torch.stack([sample.gt_score for sample in data_samples])
        else:
            labels = torch.cat([sample.gt_label for sample in data_samples])
        losses, mixed = {}, None
        if self.contrastive is not None:
            losses['loss_con'], mixed = self.contrastive_loss(features, labels, self.num_classes, **kwargs)
        losses['loss_ce'] = self._weighted_cross_entropy(features, labels, mixed)
        return losses

    def _weighted_cross_entropy(
        self, features: torch.Tensor, labels: torch.Tensor, mixed: MixedPairs | None
    ) -> torch.Tensor:
        weight = self.loss_weights['loss_ce']
        if weight == 0:
            return zero_through(self.fc, features)
        loss = F.cross_entropy(self.fc(features).float(), labels)
        if self.smooth_classifier and mixed is not None:
            loss = smooth_cross_entropy(loss, len(features), mixed, self.fc)
        return weight * loss
