"""The supervised contrastive loss of Core-tuning's and COIN's released code, deviation by deviation."""

import torch
from torch import nn

from cft.models.losses import check_inputs, masked_logsumexp, mean_over_anchors, propagate_non_finite
from cft.models.pairs import MixedPairs
from cft.ops import full_precision, rank_offset, row_counts
from cft.registry import MODELS

from .sets import with_labelled_mixtures, with_own_mixtures


@MODELS.register_module()
class ReleasedSupConLoss(nn.Module):
    r"""Supervised contrastive loss with deviations of released code from the papers, each a switch of its own.

    .. math:: L = -\frac{1}{n'} \sum_i \frac{1}{d_i} \sum_{j \in P_i} w_{ij} \log p_{ij}, \quad
              p_{ij} = \frac{e^{s_{ij}}}{\sum_{k \in A_i} e^{s_{ik}}}

    With all switches off d_i is |P_i|, and it is :class:`cft.models.SupConLoss`
    or, with ``focal`` (w = 1 - p instead of 1), :class:`cft.models.FocalSupConLoss`.

    Args:
        temperature: tau > 0.
        focal: As above; both of Core-tuning's forms have it, none of COIN's.
        divide_by_rows: d_i is the number of all rows: 3N with generated samples
            (Core-tuning's code), N without (COIN's).
        keep_diagonal: The anchor is among its own positives, though not in A_i
            (COIN's code). Its similarity to itself is constant, so what is added
            is log sum_{A_i} e^s, which pushes every candidate away, the
            positives too. Every anchor counts then.
        labelled_mixtures: Generated samples are candidates of every anchor, and
            positives only where soft labels are equal: z+ is a negative of its
            anchor (Core-tuning's code). Needs :class:`ReleasedBranch`.
        all_anchors: Generated samples are anchors, too (Core-tuning's code).
            Needs ``labelled_mixtures``, as an anchor without a label has no positives.
        gather: Take the candidates from all ranks, as :class:`cft.models.SupConLoss` does.

    Raises:
        ValueError: If the temperature is not positive, or two switches have no meaning together.

    Example:
        >>> loss = ReleasedSupConLoss(temperature=0.3, divide_by_rows=True, keep_diagonal=True)
        >>> loss(torch.randn(6, 16), torch.tensor([0, 0, 1, 1, 2, 2])).shape
        torch.Size([])
    """

    def __init__(
        self,
        temperature: float = 0.07,
        focal: bool = False,
        divide_by_rows: bool = False,
        keep_diagonal: bool = False,
        labelled_mixtures: bool = False,
        all_anchors: bool = False,
        gather: bool = False,
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        if keep_diagonal and (focal or labelled_mixtures):
            raise ValueError('keep_diagonal goes with neither focal (p_ii is no probability) nor labelled_mixtures')
        if all_anchors and not labelled_mixtures:
            raise ValueError('all_anchors needs labelled_mixtures: an anchor without a label has no positives')
        self.temperature = temperature
        self.focal = focal
        self.divide_by_rows = divide_by_rows
        self.keep_diagonal = keep_diagonal
        self.labelled_mixtures = labelled_mixtures
        self.all_anchors = all_anchors
        self.gather = gather

    def forward(
        self,
        features: torch.Tensor,
        labels: torch.Tensor,
        extra_positives: torch.Tensor | None = None,
        extra_negatives: torch.Tensor | None = None,
        positive_mask: torch.Tensor | None = None,
        negative_mask: torch.Tensor | None = None,
        positive_targets: torch.Tensor | None = None,
        negative_targets: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the loss.

        Args:
            features: (N, D), any floating type, normalised here.
            labels: (N,) integers.
            extra_positives: (N, D) generated positives; come with ``extra_negatives`` or not at all.
            extra_negatives: (N, D) generated negatives.
            positive_mask: (N,) boolean, which rows of ``extra_positives`` exist; None: all.
            negative_mask: (N,) boolean, which rows of ``extra_negatives`` exist; None: all.
            positive_targets: (N, K) soft labels, for ``labelled_mixtures``.
            negative_targets: (N, K) soft labels, for ``labelled_mixtures``.

        Returns:
            Scalar, at least float32, finite; 0 if no anchor has a positive.

        Raises:
            ValueError: If a shape does not fit, labels are not integers or soft labels are missing.
        """
        check_inputs(features, labels)
        if extra_positives is None and extra_negatives is None:
            return self._loss(features, labels)
        for extra in (extra_positives, extra_negatives):
            if extra is None or extra.shape != features.shape:
                found = None if extra is None else tuple(extra.shape)
                raise ValueError(f'both kinds of generated rows must be {tuple(features.shape)}, got {found}')
        if self.labelled_mixtures and (positive_targets is None or negative_targets is None):
            raise ValueError(
                'labelled_mixtures needs the soft labels of the generated samples: '
                "take contrastive.type='projects.released_code.ReleasedBranch'"
            )
        every = torch.ones_like(labels, dtype=torch.bool)
        no_targets = features.new_zeros(len(features), 0)
        return self._loss(
            features,
            labels,
            extra_positives,
            no_targets if positive_targets is None else positive_targets,
            every if positive_mask is None else positive_mask,
            extra_negatives,
            no_targets if negative_targets is None else negative_targets,
            every if negative_mask is None else negative_mask,
        )

    @full_precision
    def _loss(self, features: torch.Tensor, labels: torch.Tensor, *parts: torch.Tensor) -> torch.Tensor:
        mixed = MixedPairs(*parts) if parts else None
        settings = (self.temperature, self.gather)
        if mixed is not None and self.labelled_mixtures:
            anchors, similarities = with_labelled_mixtures(features, labels, mixed, *settings, self.all_anchors)
        else:
            anchors, similarities = with_own_mixtures(features, labels, mixed, *settings)
        logits, positive, candidate = similarities
        counts = row_counts(features) if self.gather else [len(features)]
        if self.keep_diagonal:
            rows = torch.arange(len(anchors), device=anchors.device)
            positive[rows, rows + rank_offset(counts)] = candidate.any(dim=1)
        log_probability = logits - masked_logsumexp(logits, candidate)[:, None]
        log_probability = torch.where(positive, log_probability, torch.zeros_like(log_probability))
        terms = log_probability * (1 - log_probability.exp()) if self.focal else log_probability
        number_of_positives = positive.sum(dim=1)
        rows_in_all = sum(counts) * (1 if mixed is None else 3)
        divisor = rows_in_all if self.divide_by_rows else number_of_positives.clamp(min=1)
        loss = mean_over_anchors(-terms.sum(dim=1) / divisor, number_of_positives > 0, self.gather)
        return propagate_non_finite(loss, anchors, logits)

    def extra_repr(self) -> str:
        switches = ('focal', 'divide_by_rows', 'keep_diagonal', 'labelled_mixtures', 'all_anchors', 'gather')
        on = ', '.join(f'{name}=True' for name in switches if getattr(self, name))
        return f'temperature={self.temperature}' + (f', {on}' if on else '')
