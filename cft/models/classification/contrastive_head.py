"""Linear classifier with a contrastive branch beside it."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmpretrain.evaluation import Accuracy
from mmpretrain.models import LinearClsHead
from mmpretrain.structures import DataSample
from torch import nn

from cft.errors import ConfigError
from cft.models.branches import ContrastiveSide, smooth_cross_entropy, zero_through
from cft.models.pairs import MixedPairs
from cft.ops import l2_normalize
from cft.registry import MODELS

from .targets import targets_of


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
        normalize_features: Let classifier and branch see unit vectors, at
            inference, too. SCHaNe normalises the encoder's output and does not
            say whether its classifier sees that or the features as they are
            (the default).
        loss_weights: Weights ``loss_ce`` and ``loss_con``; stage hooks change
            them. A loss of weight 0 is not computed.
        cal_acc: Log the accuracy on the training batch as ``accuracy_top-K``
            in per cent, as mmpretrain does. Generated samples do not count.
        topk: The K of ``cal_acc``.
        kwargs: ``init_cfg`` of :class:`mmpretrain.models.LinearClsHead`.

    Raises:
        ConfigError: If ``num_classes`` is None, which a config leaves to the
            data, a weight has an unknown name, ``topk`` has no effect or is
            more than there are classes, or the parts of the branch do not go
            together.
        ValueError: If ``smooth_classifier`` has no generator to take samples
            from, or ``loss`` is given, which would have no effect.

    Example:
        >>> head = ContrastiveClsHead(10, 64, contrastive=dict(
        ...     type='cft.ContrastiveBranch', loss=dict(type='cft.SupConLoss'), loss_weight=0.1))
    """

    knows_views = True

    takes_keys = True

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        contrastive: dict | None = None,
        smooth_classifier: bool = False,
        normalize_features: bool = False,
        loss_weights: dict[str, float] | None = None,
        cal_acc: bool = False,
        topk: int | Sequence[int] | None = None,
        **kwargs: object,
    ) -> None:
        if 'loss' in kwargs:
            raise ValueError('loss would have no effect: this head computes loss_ce and loss_con; remove it')
        if num_classes is None:
            raise ConfigError(
                'num_classes is None: cft fills it in from the class folders of the data; with other tools set '
                'model.head.num_classes'
            )
        if topk is not None and not cal_acc:
            raise ConfigError('topk would have no effect: set cal_acc=True, or remove it')
        topk = (topk,) if isinstance(topk, int) else tuple(topk or (1,))
        if cal_acc and not 1 <= min(topk) <= max(topk) <= num_classes:
            raise ConfigError(f'topk must lie between 1 and the {num_classes} classes, got {topk}')
        super().__init__(num_classes, in_channels, cal_acc=cal_acc, topk=topk, **kwargs)
        self.normalize_features = normalize_features
        self.init_contrastive(in_channels, contrastive, smooth_classifier, loss_weights)

    @property
    def classifiers(self) -> list[nn.Module]:
        """The linear layer."""
        return [self.fc]

    def pre_logits(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """(N, D) features that classifier and branch see."""
        features = super().pre_logits(feats)
        return l2_normalize(features) if self.normalize_features else features

    def loss(
        self, feats: tuple[torch.Tensor, ...], data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, torch.Tensor]:
        """Compute the losses.

        Args:
            feats: Features of the neck, the last one (N, D).
            data_samples: N samples with integer labels (``gt_label``), or soft
                labels (``gt_score``) from batch augmentation, which only
                cross-entropy can use. Rows with the same sample are views of
                one image.
            **kwargs: What the branch takes besides.

        Returns:
            ``loss_ce``, with a branch ``loss_con``, and with ``cal_acc`` ``accuracy_top-K``.

        Raises:
            ConfigError: If the branch wants several views and each image has
                one, or soft labels meet what needs classes.
        """
        features = self.pre_logits(feats)
        if 'gt_score' in data_samples[0]:
            if self.trains_contrastively or self.generates_samples:
                raise ConfigError('batch_augments mixes labels before the contrastive branch sees them; remove one')
            if self.cal_acc:
                raise ConfigError('cal_acc has no meaning with mixed labels; remove it or batch_augments')
        labels = targets_of(data_samples)
        losses, mixed = {}, None
        if self.contrastive is not None:
            inputs = dict(kwargs)
            if getattr(self.contrastive, 'positives', None) == 'view':
                inputs['images'] = self._images(data_samples, features.device)
            losses['loss_con'], mixed = self.contrastive_loss(features, labels, self.num_classes, **inputs)
        losses['loss_ce'] = self._weighted_cross_entropy(features, labels, mixed)
        return {**losses, **self._accuracy(features, labels)} if self.cal_acc else losses

    @staticmethod
    def _images(data_samples: list[DataSample], device: torch.device) -> torch.Tensor:
        numbers: dict[int, int] = {}
        images = [numbers.setdefault(id(sample), len(numbers)) for sample in data_samples]
        if len(numbers) == len(images):
            raise ConfigError(
                "positives='view' needs several views of each image; train on two_view_pipeline, or put MultiView "
                'into the pipeline'
            )
        return torch.tensor(images, device=device)

    @torch.no_grad()
    def _accuracy(self, features: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        # Without a threshold: mmpretrain's own call takes a largest logit below 0 for a wrong prediction.
        values = Accuracy.calculate(self.fc(features), labels, topk=self.topk, thrs=(None,))
        return {f'accuracy_top-{k}': value[0].squeeze() for k, value in zip(self.topk, values, strict=True)}

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
