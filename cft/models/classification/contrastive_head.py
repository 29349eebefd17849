"""Linear classifier with a contrastive branch beside it."""

import torch
import torch.nn.functional as F
from mmpretrain.models import LinearClsHead
from mmpretrain.structures import DataSample

from cft.errors import ConfigError
from cft.models.pairs import MixedPairs
from cft.registry import MODELS


@MODELS.register_module()
class ContrastiveClsHead(LinearClsHead):
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
        super().__init__(num_classes, in_channels, **kwargs)
        self.contrastive = None if contrastive is None else MODELS.build(contrastive)
        if smooth_classifier and (self.contrastive is None or self.contrastive.pairs is None):
            raise ValueError('smooth_classifier=True needs contrastive=dict(..., pairs=dict(...)) to generate samples')
        self.smooth_classifier = smooth_classifier
        self.loss_weights = {'loss_ce': 1.0, 'loss_con': 1.0}
        self.set_loss_weights(loss_weights or {})

    def set_loss_weights(self, loss_weights: dict[str, float]) -> None:
        """Change some of the weights ``loss_ce`` and ``loss_con``."""
        unknown = set(loss_weights) - set(self.loss_weights)
        if unknown:
            raise ConfigError(f'unknown loss_weights {sorted(unknown)}; this head has {sorted(self.loss_weights)}')
        self.loss_weights.update(loss_weights)

    def loss(
        self, feats: tuple[torch.Tensor, ...], data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, torch.Tensor]:
        """Compute the losses.

        Args:
            feats: Features of the neck, the last one (N, D).
            data_samples: N samples with integer labels (``gt_label``), or soft
                labels (``gt_score``) from batch augmentation, which only
                cross-entropy can use.

        Returns:
            ``loss_ce`` and, with a branch, ``loss_con``.
        """
        features = self.pre_logits(feats)
        if 'gt_score' in data_samples[0]:
            if self.contrastive is not None and self.loss_weights['loss_con'] > 0:
                raise ValueError('batch_augments mixes labels before the contrastive branch sees them; remove one')
            labels = torch.stack([sample.gt_score for sample in data_samples])
        else:
            labels = torch.cat([sample.gt_label for sample in data_samples])
        losses, mixed = {}, None
        if self.contrastive is not None and self.loss_weights['loss_con'] > 0:
            loss_con, mixed = self.contrastive(features, labels, self.num_classes)
            losses['loss_con'] = self.loss_weights['loss_con'] * loss_con
        if self.loss_weights['loss_ce'] > 0:
            losses['loss_ce'] = self.loss_weights['loss_ce'] * self._cross_entropy(features, labels, mixed)
        for name, module in (('loss_con', self.contrastive), ('loss_ce', self.fc)):
            if name not in losses and module is not None:
                losses[name] = _zero_through(module, features)
        return losses

    def _cross_entropy(self, features: torch.Tensor, labels: torch.Tensor, mixed: MixedPairs | None) -> torch.Tensor:
        if not self.smooth_classifier or mixed is None:
            return F.cross_entropy(self.fc(features).float(), labels)
        logits = self.fc(torch.cat([features, mixed.positives, mixed.negatives])).float()
        targets = F.one_hot(labels, self.num_classes).to(logits)
        targets = torch.cat([targets, mixed.positive_targets.to(logits), mixed.negative_targets.to(logits)])
        exists = torch.cat([torch.ones_like(mixed.positive_mask), mixed.positive_mask, mixed.negative_mask])
        losses = F.cross_entropy(logits, targets, reduction='none')
        return (losses * exists).sum() / exists.sum()


def _zero_through(module: torch.nn.Module, features: torch.Tensor) -> torch.Tensor:
    """A zero that reaches every trainable parameter, so that DDP does not wait for a missing gradient."""
    zero = features.new_zeros((), dtype=torch.float32)
    return sum((0.0 * p.flatten()[0].float() for p in module.parameters() if p.requires_grad), zero)
