"""Any mmseg encoder-decoder, fine-tuned contrastively on its pixel features."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.losses import CrossEntropyLoss
from mmseg.models.segmentors import EncoderDecoder
from mmseg.structures import SegDataSample
from torch import nn

from cft.errors import ConfigError
from cft.models.branches import ContrastiveSide, record_calls, smooth_cross_entropy
from cft.models.regularizers import Regularizers
from cft.registry import MODELS


@MODELS.register_module()
class ContrastiveEncoderDecoder(ContrastiveSide, EncoderDecoder):
    """mmseg's ``EncoderDecoder`` with a contrastive branch on the features before the classifier.

    Works with every decode head that classifies its features with ``cls_seg``
    (all of mmseg's but the mask transformers). The features are those that the
    head computes anyway, before its dropout. Inference is mmseg's own.

    ``loss_weights['loss_ce']`` weighs all losses of the decode and auxiliary
    heads, ``loss_con`` the branch; their log names are ``decode.loss_ce``,
    ``decode.loss_con`` and so on.

    Args:
        args, kwargs: Those of :class:`mmseg.models.EncoderDecoder`.
        contrastive: Config of a :class:`cft.models.ContrastiveBranch`; its
            projector's input width is the decode head's ``channels``.
        smooth_classifier: Average the decode head's cross-entropy over the
            pixels and the generated samples (Core-tuning, L_ce^m); what was
            generated for a sampled pixel counts for all that it stands for.
        pixel_sampler: Config of the sampler, ``cft.PixelSampler`` or
            ``cft.ClassRegionMean``.
        loss_weights: Weights ``loss_ce`` and ``loss_con``.
        regularizers: Configs of terms beside these losses, such as
            ``dict(type='cft.L2SP')``; each adds a loss under its own name.

    Raises:
        ConfigError: If the head's features cannot be seen, its ``num_classes``
            is None, which a config leaves to the data, or a smooth classifier
            is asked for and the head is not trained by plain cross-entropy.

    Example:
        >>> model = dict(
        ...     type='cft.ContrastiveEncoderDecoder', backbone=..., decode_head=dict(type='ASPPHead', num_classes=21),
        ...     contrastive=dict(type='cft.ContrastiveBranch', loss=dict(type='cft.SupConLoss'), loss_weight=0.1))
    """

    def __init__(
        self,
        *args: object,
        contrastive: dict | None = None,
        smooth_classifier: bool = False,
        pixel_sampler: dict | None = None,
        loss_weights: dict[str, float] | None = None,
        regularizers: Sequence[dict] = (),
        **kwargs: object,
    ) -> None:
        head = kwargs.get('decode_head')
        if isinstance(head, dict) and head.get('num_classes', 0) is None:
            raise ConfigError(
                'num_classes is None: cft fills it in from the classes of the data; with other tools set '
                'model.decode_head.num_classes, that of the auxiliary head and of cft.LoadSegmentation yourself'
            )
        super().__init__(*args, **kwargs)
        if not hasattr(self.decode_head, 'conv_seg'):
            raise ConfigError(f'{type(self.decode_head).__name__} does not classify with cls_seg; use EncoderDecoder')
        self.init_contrastive(self.decode_head.channels, contrastive, smooth_classifier, loss_weights)
        if contrastive is not None and self.out_channels != self.num_classes:
            raise ConfigError(
                'contrastive needs one output channel per class; set decode_head.out_channels=num_classes'
            )
        self.pixel_sampler = MODELS.build({'type': 'cft.PixelSampler', **(pixel_sampler or {})})
        self.cross_entropy = _plain_cross_entropy(self.decode_head) if smooth_classifier else None
        self.regularizers = Regularizers(regularizers)
        self.regularizers.check(self)

    @property
    def classifiers(self) -> list[nn.Module]:
        """The decode head's last layer, and the auxiliary heads."""
        return [self.decode_head.conv_seg, *([self.auxiliary_head] if self.with_auxiliary_head else [])]

    def loss(self, inputs: torch.Tensor, data_samples: list[SegDataSample]) -> dict[str, torch.Tensor]:
        """Compute the losses of (B, 3, H, W) images."""
        with self.regularizers.watch(self) as terms:
            losses = self._task_losses(inputs, data_samples)
        return {**losses, **terms}

    def _task_losses(self, inputs: torch.Tensor, data_samples: list[SegDataSample]) -> dict[str, torch.Tensor]:
        dropout = getattr(self.decode_head, 'dropout', None)
        before_dropout = self.decode_head.conv_seg if dropout is None else dropout
        with record_calls(before_dropout) as features, record_calls(self.decode_head.conv_seg) as logits:
            losses = super().loss(inputs, data_samples)
        if self.contrastive is not None:
            if not features or not logits:
                raise ConfigError(
                    f'{type(self.decode_head).__name__} does not classify with cls_seg; remove contrastive'
                )
            labels = self.decode_head._stack_batch_gt(data_samples)
            losses.update(self._contrastive_losses(features[-1][0], labels, logits[-1][1], losses))
        weight = self.loss_weights['loss_ce']
        weighted = {name: weight * loss for name, loss in losses.items() if _is_classification_loss(name)}
        return {**losses, **weighted}

    def _contrastive_losses(
        self, features: torch.Tensor, labels: torch.Tensor, logits: torch.Tensor, losses: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        labels = F.interpolate(labels.float(), size=features.shape[2:], mode='nearest')[:, 0].long()
        rows, anchor_labels, represented = self.pixel_sampler(
            features, labels, logits.detach(), self.decode_head.ignore_index
        )
        loss_con, mixed = self.contrastive_loss(rows, anchor_labels, self.num_classes)
        if self.cross_entropy is None or mixed is None:
            return {'decode.loss_con': loss_con}
        if 'decode.loss_ce' not in losses:
            raise ConfigError(
                f'smooth_classifier=True: {type(self.decode_head).__name__} returns no loss_ce; set it False'
            )
        scale, cross_entropy = self.cross_entropy.loss_weight, losses['decode.loss_ce']
        labelled = labels[labels != self.decode_head.ignore_index]
        frequencies = labelled.bincount(minlength=self.num_classes)
        smooth = smooth_cross_entropy(
            cross_entropy / scale, len(labelled), mixed, self._classify, represented, frequencies
        )
        return {'decode.loss_con': loss_con, 'decode.loss_ce': scale * smooth}

    def _classify(self, rows: torch.Tensor) -> torch.Tensor:
        return self.decode_head.conv_seg(rows[:, :, None, None]).flatten(1)


def _is_classification_loss(name: str) -> bool:
    return 'loss' in name and name != 'decode.loss_con'


def _plain_cross_entropy(head: BaseDecodeHead) -> CrossEntropyLoss:
    """The one loss of the head that a smooth classifier extends to generated samples."""
    losses = list(head.loss_decode) if isinstance(head.loss_decode, nn.ModuleList) else [head.loss_decode]
    named = [loss for loss in losses if loss.loss_name == 'loss_ce']
    plain = [
        loss
        for loss in named
        if isinstance(loss, CrossEntropyLoss)
        and not (loss.use_sigmoid or loss.use_mask or loss.class_weight)
        and loss.avg_non_ignore
        and loss.loss_weight > 0
    ]
    if len(named) != 1 or not plain:
        raise ConfigError(
            'smooth_classifier=True needs one softmax CrossEntropyLoss named loss_ce, without class_weight and with '
            f'avg_non_ignore=True, in the {type(head).__name__}; change its loss_decode or set smooth_classifier=False'
        )
    return plain[0]
