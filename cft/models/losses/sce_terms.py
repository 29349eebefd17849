"""The three terms of SCE's proposition 1 with free weights, for ablations."""

import torch
from torch import nn

from cft.ops import full_precision
from cft.registry import MODELS

from .candidates import candidate_similarities, check_views, propagate_non_finite
from .info_nce import info_nce_loss
from .relational import check_temperatures, ressl_loss


@full_precision
def ceiling_loss(
    query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None = None, *, temperature: float = 0.1
) -> torch.Tensor:
    r"""How much of a query's probability goes to other instances than its own.

    .. math:: L = -\frac{1}{n} \sum_i \log \sum_{j \ne i} p^1_{ij}

    ``L_Ceil`` of SCE's proposition 1.

    Args:
        query: (N, D) features of the online encoder, normalised here.
        key: (N, D) features of the momentum encoder, row i of the same image
            as query i; no gradient flows into them.
        queue: (M, D) past keys. Without it the batch's keys are the candidates.
        temperature: tau > 0.

    Returns:
        Scalar, at least float32; 0 without any candidate but the own key.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> views = torch.eye(2)
        >>> ceiling_loss(views, views, temperature=1.0)  # log(1 + e)
        tensor(1.3133)
    """
    check_views(query, key, queue)
    similarities, own = candidate_similarities(query, key, queue)
    logits = similarities / temperature
    if logits.shape[1] < 2:
        return propagate_non_finite(logits.sum() * 0.0, similarities)
    others = logits.masked_fill(own, torch.finfo(logits.dtype).min / 2)
    loss = (logits.logsumexp(dim=1) - others.logsumexp(dim=1)).sum() / max(len(query), 1)
    return propagate_non_finite(loss, similarities)


@MODELS.register_module()
class SCETermsLoss(nn.Module):
    r"""Contrastive, relational and ceiling terms, weighted at will.

    .. math:: L = \lambda L_{InfoNCE} + \mu L_{ReSSL} + \eta L_{Ceil}

    SCE, equation 9, for the ablation of table 3. With
    ``relational_weight = ceiling_weight = 1 - contrastive_weight`` it equals
    :class:`SCELoss`, which needs a third of the work.

    Args:
        contrastive_weight: lambda.
        relational_weight: mu.
        ceiling_weight: eta.
        temperature: tau.
        target_temperature: tau_m.

    Example:
        >>> loss = SCETermsLoss(0.5, 0.5, ceiling_weight=0.0)
        >>> loss(torch.randn(4, 16), torch.randn(4, 16), torch.randn(64, 16)).shape
        torch.Size([])
    """

    def __init__(
        self,
        contrastive_weight: float = 0.5,
        relational_weight: float = 0.5,
        ceiling_weight: float = 0.5,
        temperature: float = 0.1,
        target_temperature: float = 0.05,
    ) -> None:
        super().__init__()
        check_temperatures(temperature, target_temperature)
        self.weights = (contrastive_weight, relational_weight, ceiling_weight)
        if not all(weight >= 0 for weight in self.weights):
            raise ValueError(f'weights must not be negative, got {self.weights}')
        self.temperature = temperature
        self.target_temperature = target_temperature

    def forward(self, query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None = None) -> torch.Tensor:
        """Compute the loss; shapes as in :class:`InfoNCELoss`."""
        views, temperature = (query, key, queue), {'temperature': self.temperature}
        terms = (
            info_nce_loss(*views, **temperature),
            ressl_loss(*views, **temperature, target_temperature=self.target_temperature),
            ceiling_loss(*views, **temperature),
        )
        first, second, third = (weight * term for weight, term in zip(self.weights, terms, strict=True))
        return first + second + third

    def extra_repr(self) -> str:
        return f'weights={self.weights}, temperature={self.temperature}, target_temperature={self.target_temperature}'
