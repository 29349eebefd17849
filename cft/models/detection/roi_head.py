"""RoI head of mmdet's two-stage detectors, fine-tuned contrastively on its region features."""

import torch
from mmdet.models.losses import CrossEntropyLoss
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from torch import nn

from cft.errors import ConfigError
from cft.models.branches import ContrastiveSide, record_calls, smooth_cross_entropy
from cft.registry import MODELS


@MODELS.register_module()
class ContrastiveRoIHead(ContrastiveSide, StandardRoIHead):
    """mmdet's ``StandardRoIHead`` with a contrastive branch on the features before the classifier.

    Serves Faster and Mask R-CNN, with FPN or C4: the features are the input of
    the box head's classification layer ``fc_cls``, which the head computes
    anyway. Inference is mmdet's own.

    ``loss_weights['loss_ce']`` weighs ``loss_cls``, ``loss_con`` the branch.
    The losses of proposals, boxes and masks are not touched.

    Args:
        args, kwargs: Those of :class:`mmdet.models.StandardRoIHead`.
        contrastive: Config of a :class:`cft.models.ContrastiveBranch`; its
            projector is as wide as the input of ``fc_cls``.
        smooth_classifier: Average the cross-entropy over the regions and the
            generated samples (Core-tuning, L_ce^m); what was generated for a
            sampled region counts for all that it stands for.
        roi_sampler: Settings of the :class:`cft.models.detection.RoISampler`.
        loss_weights: Weights ``loss_ce`` and ``loss_con``.

    Raises:
        ConfigError: If the box head has no ``fc_cls``, or a smooth classifier is
            asked for and the box head is not trained by plain cross-entropy.

    Example:
        >>> roi_head = dict(
        ...     type='cft.ContrastiveRoIHead', bbox_head=dict(type='Shared2FCBBoxHead', num_classes=20),
        ...     contrastive=dict(type='cft.ContrastiveBranch', loss=dict(type='cft.SupConLoss'), loss_weight=0.1))
    """

    def __init__(
        self,
        *args: object,
        contrastive: dict | None = None,
        smooth_classifier: bool = False,
        roi_sampler: dict | None = None,
        loss_weights: dict[str, float] | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        classifier = getattr(self.bbox_head, 'fc_cls', None)
        if not isinstance(classifier, nn.Linear):
            raise ConfigError(f'{type(self.bbox_head).__name__} has no linear layer fc_cls; use a BBoxHead of mmdet')
        self.init_contrastive(classifier.in_features, contrastive, smooth_classifier, loss_weights)
        self.roi_sampler = MODELS.build({'type': 'cft.RoISampler', **(roi_sampler or {})})
        if smooth_classifier:
            _check_plain_cross_entropy(self.bbox_head.loss_cls)

    @property
    def classifiers(self) -> list[nn.Module]:
        """The classification layer."""
        return [self.bbox_head.fc_cls]

    def bbox_loss(self, x: tuple[torch.Tensor, ...], sampling_results: list[SamplingResult]) -> dict:
        """Compute the losses of the box head; see :class:`mmdet.models.StandardRoIHead`."""
        with record_calls(self.bbox_head.fc_cls) as calls:
            results = super().bbox_loss(x, sampling_results)
        features, logits = calls[-1]
        losses = results['loss_bbox']
        if self.contrastive is not None:
            self._add_contrastive(losses, features, logits, sampling_results)
        for name in losses:
            if name.startswith('loss_cls'):
                losses[name] = self.loss_weights['loss_ce'] * losses[name]
        return results

    def _add_contrastive(
        self,
        losses: dict[str, torch.Tensor],
        features: torch.Tensor,
        logits: torch.Tensor,
        sampling_results: list[SamplingResult],
    ) -> None:
        # Some losses have further outputs behind those of the classes and the background.
        num_classes = self.bbox_head.num_classes + 1
        all_labels, images = _labels_and_images(sampling_results, num_classes - 1)
        rows, labels, represented = self.roi_sampler(features, all_labels, images, logits.detach()[:, :num_classes])
        losses['loss_con'], mixed = self.contrastive_loss(rows, labels, num_classes)
        if self.smooth_classifier and mixed is not None and 'loss_cls' in losses:
            scale, classify = self.bbox_head.loss_cls.loss_weight, self.bbox_head.fc_cls
            cross_entropy, frequencies = losses['loss_cls'] / scale, all_labels.bincount(minlength=num_classes)
            smooth = smooth_cross_entropy(cross_entropy, len(all_labels), mixed, classify, represented, frequencies)
            losses['loss_cls'] = scale * smooth


def _labels_and_images(results: list[SamplingResult], background: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Label and image of every region, in the order of the box head's input: per image, foreground first."""
    labels = [
        part
        for result in results
        for part in (result.pos_gt_labels, result.pos_gt_labels.new_full((len(result.neg_priors),), background))
    ]
    sizes = torch.tensor([len(result.priors) for result in results], device=labels[0].device)
    return torch.cat(labels).long(), torch.arange(len(results), device=sizes.device).repeat_interleave(sizes)


def _check_plain_cross_entropy(loss: nn.Module) -> None:
    plain = isinstance(loss, CrossEntropyLoss) and not (loss.use_sigmoid or loss.use_mask or loss.class_weight)
    if not plain or loss.loss_weight == 0:
        raise ConfigError(
            'smooth_classifier=True needs an unweighted softmax CrossEntropyLoss as bbox_head.loss_cls; change it '
            'or set smooth_classifier=False'
        )
