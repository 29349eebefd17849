"""Supervised contrastive loss with hard negative weighting (SCHaNe)."""

import torch
from torch import nn

from cft.ops import by_row_blocks, full_precision, l2_normalize, row_counts
from cft.ops.contrastive import batch_statistics
from cft.registry import MODELS

from .all_pairs import schane_of_pairs
from .candidates import batch_similarities, check_inputs, mean_over_anchors, propagate_non_finite
from .crossover import hold_all_pairs
from .row_sums import schane_of_sums


@full_precision
def schane_loss(
    features: torch.Tensor,
    labels: torch.Tensor,
    *,
    temperature: float = 0.5,
    detach_weights: bool = False,
    mean_inside_log: bool = True,
    gather: bool = False,
) -> torch.Tensor:
    """The functional form of :class:`SCHaNeLoss`, in log space throughout.

    Args:
        features: (N, D), any floating type, normalised here.
        labels: (N,) integers.
        temperature: tau > 0.
        detach_weights: Treat beta as constants.
        mean_inside_log: Where 1/|P_i| stands, see :class:`SCHaNeLoss`.
        gather: Take the candidates from all ranks, see :class:`SupConLoss`.

    Returns:
        Scalar, at least float32, finite; 0 if no anchor has a positive.

    Raises:
        ValueError: If a shape does not fit or labels are not integers.

    Example:
        >>> schane_loss(torch.randn(6, 16), torch.tensor([0, 0, 1, 1, 2, 2])).shape
        torch.Size([])
    """
    check_inputs(features, labels)
    options = {'detach_weights': detach_weights, 'mean_inside_log': mean_inside_log}
    counts = row_counts(features) if gather else [len(features)]
    if hold_all_pairs(counts):
        anchors, similarities = batch_similarities(features, labels, temperature, gather, counts)
        losses, counted = schane_of_pairs(similarities, **options)
    else:
        anchors = by_row_blocks(l2_normalize, features)
        statistics = batch_statistics(anchors, labels, temperature, counts=counts, squares=True)
        losses, counted = schane_of_sums(statistics, **options)
    return propagate_non_finite(mean_over_anchors(losses, counted, gather), anchors)


@MODELS.register_module()
class SCHaNeLoss(nn.Module):
    r"""Supervised contrastive loss that stresses the negatives nearest to the anchor.

    SCHaNe, equations 1, 3 and 4:

    .. math:: L_i = -\log \frac{\frac{1}{|P_i|} \sum_{p \in P_i} e^{s_{ip}}}
              {\sum_{p \in P_i} e^{s_{ip}} + \sum_{k \in N_i} \beta_{ik} e^{s_{ik}}},
              \quad \beta_{ik} = \frac{|N_i| e^{s_{ik}}}{\sum_{l \in N_i} e^{s_{il}}}

    ``P_i`` are the other samples with anchor i's label, ``N_i`` those with
    another one; the loss is the mean over anchors whose ``P_i`` is not empty.
    The paper feeds two views of each image: all 2n rows are anchors.

    The printed equation 4 has -1/|P_i| behind the logarithm, which has no value
    then. Read as above, it averages the positives and changes no gradient; with
    ``mean_inside_log=False`` it is a factor of the anchor's logarithm,

    .. math:: L_i = -\frac{1}{|P_i|} \log \frac{\sum_{p \in P_i} e^{s_{ip}}}
              {\sum_{p \in P_i} e^{s_{ip}} + \sum_{k \in N_i} \beta_{ik} e^{s_{ik}}},

    so that anchors of classes that are frequent in the batch count less. The
    paper sums over anchors instead of averaging; no lambda of its equation 1
    would then suit two batch sizes.

    Args:
        temperature: tau > 0.
        detach_weights: Treat beta as constants; the paper lets it carry gradient.
        mean_inside_log: Average the positives inside of the logarithm (default),
            or weigh the anchor's logarithm by 1/|P_i|.
        gather: Take the candidates from all ranks, see :class:`SupConLoss`.

    Example:
        >>> loss = SCHaNeLoss(temperature=0.5)
        >>> loss(torch.randn(6, 16), torch.tensor([0, 0, 1, 1, 2, 2])).shape
        torch.Size([])
    """

    def __init__(
        self,
        temperature: float = 0.5,
        detach_weights: bool = False,
        gather: bool = False,
        mean_inside_log: bool = True,
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.temperature = temperature
        self.detach_weights = detach_weights
        self.gather = gather
        self.mean_inside_log = mean_inside_log

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compute the loss.

        Args:
            features: (N, D), any floating type, normalised here.
            labels: (N,) integers.

        Returns:
            Scalar, at least float32, finite; 0 if no anchor has a positive.

        Raises:
            ValueError: If a shape does not fit or labels are not integers.
        """
        return schane_loss(
            features,
            labels,
            temperature=self.temperature,
            detach_weights=self.detach_weights,
            mean_inside_log=self.mean_inside_log,
            gather=self.gather,
        )

    def extra_repr(self) -> str:
        return (
            f'temperature={self.temperature}, detach_weights={self.detach_weights}, gather={self.gather}, '
            f'mean_inside_log={self.mean_inside_log}'
        )
