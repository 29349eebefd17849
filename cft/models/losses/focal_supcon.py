"""Focal supervised contrastive loss (Core-tuning, L_con^f)."""

from cft.registry import MODELS

from .supcon import SupConLoss


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
