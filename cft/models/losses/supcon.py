"""Supervised contrastive loss (Khosla et al. 2020; COIN, equation 1), and its focal form (Core-tuning, L_con^f)."""

import torch
from torch import nn

from cft.ops import by_row_blocks, full_precision, l2_normalize, row_counts
from cft.ops.contrastive import batch_statistics
from cft.registry import MODELS

from .all_pairs import supcon_of_pairs
from .candidates import batch_similarities, check_inputs, mean_over_anchors, propagate_non_finite
from .crossover import hold_all_pairs
from .own_candidates import own_candidate
from .row_sums import supcon_of_sums


def _check_candidates(only_extra_positives: bool, same_class_candidates: bool) -> None:
    if same_class_candidates and not only_extra_positives:
        raise ValueError(
            'same_class_candidates=True needs only_extra_positives=True: positives are candidates by themselves, got '
            'only_extra_positives=False'
        )


@full_precision
def supcon_loss(
    features: torch.Tensor,
    labels: torch.Tensor,
    extra_positives: torch.Tensor | None = None,
    extra_negatives: torch.Tensor | None = None,
    positive_mask: torch.Tensor | None = None,
    negative_mask: torch.Tensor | None = None,
    *,
    temperature: float = 0.07,
    focal: bool = False,
    only_extra_positives: bool = False,
    same_class_candidates: bool = False,
    gather: bool = False,
) -> torch.Tensor:
    """The functional form of :class:`SupConLoss` and :class:`FocalSupConLoss`.

    Args:
        features: (N, D), any floating type, normalised here.
        labels: (N,) integers.
        extra_positives: (N, D), row i joins P_i and A_i of anchor i alone.
        extra_negatives: (N, D), row i joins A_i of anchor i alone.
        positive_mask: (N,) boolean, which rows of ``extra_positives`` exist.
        negative_mask: (N,) boolean, which rows of ``extra_negatives`` exist.
        temperature: tau > 0.
        focal: Weight each positive by how hard it is.
        only_extra_positives: Take only generated positives as P_i.
        same_class_candidates: Leave the batch's samples of the same class in A_i then.
        gather: Take the candidates from all ranks, see :class:`SupConLoss`.

    Returns:
        Scalar, at least float32, finite; 0 if no anchor has a positive.

    Raises:
        ValueError: If a shape does not fit, labels are not integers, or ``same_class_candidates`` is
            asked for without ``only_extra_positives``.

    Example:
        >>> features = torch.eye(2).repeat_interleave(2, 0)
        >>> supcon_loss(features, torch.tensor([0, 0, 1, 1]), temperature=1.0)  # log(1 + 2 / e)
        tensor(0.5514)
    """
    check_inputs(features, labels)
    _check_candidates(only_extra_positives, same_class_candidates)
    extras = [
        (extra, mask, temperature, positive)
        for extra, mask, positive in ((extra_positives, positive_mask, True), (extra_negatives, negative_mask, False))
        if extra is not None
    ]
    options = {'focal': focal, 'only_own': only_extra_positives, 'same_class_candidates': same_class_candidates}
    counts = row_counts(features) if gather else [len(features)]
    if hold_all_pairs(counts):
        anchors, similarities = batch_similarities(features, labels, temperature, gather, counts)
        own = [own_candidate(anchors, *each, unit=True) for each in extras]
        losses, counted = supcon_of_pairs(similarities, own, **options)
    else:
        anchors = by_row_blocks(l2_normalize, features)
        # From the features themselves, so that no second copy of the anchors is kept.
        own = [own_candidate(features, *each) for each in extras]
        statistics = batch_statistics(anchors, labels, temperature, counts=counts, entropy=focal)
        losses, counted = supcon_of_sums(statistics, own, **options)
    loss = mean_over_anchors(losses, counted, gather)
    return propagate_non_finite(loss, anchors, *(each.logits for each in own))


@MODELS.register_module()
class SupConLoss(nn.Module):
    r"""Pull samples of one class together, push the other classes away.

    .. math:: L = -\frac{1}{n'} \sum_i \frac{1}{|P_i|} \sum_{j \in P_i}
              \log \frac{e^{s_{ij}}}{\sum_{k \in A_i} e^{s_{ik}}},
              \quad s_{ij} = v_i \cdot v_j / \tau

    ``A_i`` holds every other sample of the batch and anchor i's own extras,
    ``P_i`` those of them with anchor i's label and its extra positive, n' is
    the number of anchors whose ``P_i`` is not empty; the others count nowhere.
    There is no factor tau / tau_base before the loss.

    Args:
        temperature: tau > 0.
        only_extra_positives: Take only generated positives as ``P_i``
            (Core-tuning, appendix, table 14). The batch's samples of the same
            class then are no candidates at all.
        same_class_candidates: With ``only_extra_positives``, leave those samples
            in ``A_i``. Which of the two the paper means it does not say.
        gather: Take the candidates from all ranks. The value averaged over
            ranks, and every parameter's gradient averaged over ranks as DDP
            does, equal those of one process on the joined batch.

    Example:
        >>> loss = SupConLoss(temperature=0.07)
        >>> features, labels = torch.randn(8, 128), torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
        >>> loss(features, labels).shape
        torch.Size([])
    """

    focal = False

    def __init__(
        self,
        temperature: float = 0.07,
        gather: bool = False,
        only_extra_positives: bool = False,
        same_class_candidates: bool = False,
    ) -> None:
        super().__init__()
        _check_candidates(only_extra_positives, same_class_candidates)
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.temperature = temperature
        self.gather = gather
        self.only_extra_positives = only_extra_positives
        self.same_class_candidates = same_class_candidates

    def forward(
        self,
        features: torch.Tensor,
        labels: torch.Tensor,
        extra_positives: torch.Tensor | None = None,
        extra_negatives: torch.Tensor | None = None,
        positive_mask: torch.Tensor | None = None,
        negative_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the loss.

        Args:
            features: (N, D), any floating type, normalised here.
            labels: (N,) integers.
            extra_positives: (N, D), row i joins P_i and A_i of anchor i alone.
            extra_negatives: (N, D), row i joins A_i of anchor i alone.
            positive_mask: (N,) boolean, which rows of ``extra_positives`` exist.
            negative_mask: (N,) boolean, which rows of ``extra_negatives`` exist.

        Returns:
            Scalar, at least float32, finite; 0 if no anchor has a positive.

        Raises:
            ValueError: If a shape does not fit or labels are not integers.
        """
        return supcon_loss(
            features,
            labels,
            extra_positives,
            extra_negatives,
            positive_mask,
            negative_mask,
            temperature=self.temperature,
            focal=self.focal,
            only_extra_positives=self.only_extra_positives,
            same_class_candidates=self.same_class_candidates,
            gather=self.gather,
        )

    def extra_repr(self) -> str:
        return (
            f'temperature={self.temperature}, gather={self.gather}, '
            f'only_extra_positives={self.only_extra_positives}, same_class_candidates={self.same_class_candidates}'
        )


@MODELS.register_module()
class FocalSupConLoss(SupConLoss):
    r"""Supervised contrastive loss that weights a positive by how hard it is.

    .. math:: L = -\frac{1}{n'} \sum_i \frac{1}{|P_i|} \sum_{j \in P_i}
              (1 - p_{ij}) \log p_{ij},
              \quad p_{ij} = \frac{e^{s_{ij}}}{\sum_{k \in A_i} e^{s_{ik}}}

    The gradient flows through the weight as well. Arguments, shapes and the
    sets ``P_i`` and ``A_i`` are those of :class:`SupConLoss`.

    Example:
        >>> loss = FocalSupConLoss(temperature=0.07)
        >>> loss(torch.randn(4, 16), torch.tensor([0, 0, 1, 1])).shape
        torch.Size([])
    """

    focal = True
