"""Losses on relations between instances: ReSSL and SCE."""

import torch
from torch import nn

from cft.ops import full_precision
from cft.registry import MODELS

from .candidates import (
    candidate_similarities,
    check_views,
    log_softmax_over,
    propagate_non_finite,
    relation_target,
)


@full_precision
def ressl_loss(
    query: torch.Tensor,
    key: torch.Tensor,
    queue: torch.Tensor | None = None,
    *,
    temperature: float = 0.1,
    target_temperature: float = 0.05,
) -> torch.Tensor:
    """The functional form of :class:`ReSSLLoss`.

    Args:
        query: (N, D) features of the online encoder, normalised here.
        key: (N, D) features of the momentum encoder, row i of the same image
            as query i; no gradient flows into them.
        queue: (M, D) past keys. Without it the batch's keys are the candidates.
        temperature: tau > 0 of the online distribution.
        target_temperature: tau_m > 0 of the target.

    Returns:
        Scalar, at least float32; 0 without any candidate but the own key.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> ressl_loss(torch.randn(4, 16), torch.randn(4, 16), torch.randn(64, 16)).shape
        torch.Size([])
    """
    check_views(query, key, queue)
    target, own = relation_target(key, queue, target_temperature)
    similarities, _ = candidate_similarities(query, key, queue)
    log_probability = log_softmax_over(similarities / temperature, ~own).masked_fill(own, 0.0)
    return propagate_non_finite(-(target * log_probability).sum() / max(len(query), 1), similarities)


@full_precision
def sce_loss(
    query: torch.Tensor,
    key: torch.Tensor,
    queue: torch.Tensor | None = None,
    *,
    temperature: float = 0.1,
    target_temperature: float = 0.05,
    coefficient: float = 0.5,
) -> torch.Tensor:
    """The functional form of :class:`SCELoss`.

    Args:
        query: (N, D) features of the online encoder, normalised here.
        key: (N, D) features of the momentum encoder, row i of the same image
            as query i; no gradient flows into them.
        queue: (M, D) past keys. Without it the batch's keys are the candidates.
        temperature: tau > 0 of the online distribution.
        target_temperature: tau_m > 0 of the target.
        coefficient: lambda in [0, 1], the weight of the own key in the target; 1 is InfoNCE.

    Returns:
        Scalar, at least float32; 0 for an empty batch.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> query, key = torch.randn(2, 4, 16)
        >>> alone = sce_loss(query, key, temperature=0.2, coefficient=1.0)
        >>> torch.allclose(alone, torch.nn.functional.cross_entropy(
        ...     torch.nn.functional.normalize(query) @ torch.nn.functional.normalize(key).T / 0.2, torch.arange(4)))
        True
    """
    check_views(query, key, queue)
    relations, own = relation_target(key, queue, target_temperature)
    target = coefficient * own.to(relations) + (1 - coefficient) * relations
    similarities, _ = candidate_similarities(query, key, queue)
    log_probability = (similarities / temperature).log_softmax(dim=1)
    return propagate_non_finite(-(target * log_probability).sum() / max(len(query), 1), similarities)


def check_temperatures(temperature: float, target_temperature: float) -> None:
    """Raise ``ValueError`` unless both are positive."""
    if not (temperature > 0 and target_temperature > 0):
        raise ValueError(f'temperatures must be positive, got {temperature} and {target_temperature}')


@MODELS.register_module()
class ReSSLLoss(nn.Module):
    r"""Keep the similarities of the target view to the other instances (ReSSL).

    SCE's equations 2 to 4: ``L = -1/n sum_ik s2_ik log s1_ik`` with

    .. math:: s^2_{ik} = \mathrm{softmax}_{k \ne i}(z^2_i \cdot z^2_k / \tau_m), \quad
              s^1_{ik} = \mathrm{softmax}_{k \ne i}(z^1_i \cdot z^2_k / \tau)

    The own key is left out on both sides.

    Args:
        temperature: tau of the online distribution.
        target_temperature: tau_m of the target; sharper (smaller) than tau.

    Example:
        >>> loss = ReSSLLoss()
        >>> loss(torch.randn(4, 16), torch.randn(4, 16), torch.randn(64, 16)).shape
        torch.Size([])
    """

    def __init__(self, temperature: float = 0.1, target_temperature: float = 0.05) -> None:
        super().__init__()
        check_temperatures(temperature, target_temperature)
        self.temperature = temperature
        self.target_temperature = target_temperature

    def forward(self, query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None = None) -> torch.Tensor:
        """Compute the loss; shapes as in :class:`InfoNCELoss`.

        Without any candidate but the own key (one image, no queue) it is 0.
        """
        return ressl_loss(query, key, queue, temperature=self.temperature, target_temperature=self.target_temperature)

    def extra_repr(self) -> str:
        return f'temperature={self.temperature}, target_temperature={self.target_temperature}'


@MODELS.register_module()
class SCELoss(nn.Module):
    r"""Similarity contrastive estimation: contrast and relations in one target.

    SCE, equations 6 to 8:

    .. math:: w^2_{ik} = \lambda 1_{i=k} + (1 - \lambda) s^2_{ik}, \quad
              L = -\frac{1}{n} \sum_{ik} w^2_{ik} \log p^1_{ik}

    ``s2`` is ReSSL's target without the own key, ``p1`` the online softmax
    over all candidates, own key included.

    Args:
        temperature: tau of the online distribution.
        target_temperature: tau_m of the target; 0.05, on ImageNet-100 0.07.
        coefficient: lambda in [0, 1]; 1 is InfoNCE.

    Example:
        >>> loss = SCELoss()
        >>> loss(torch.randn(4, 16), torch.randn(4, 16), torch.randn(64, 16)).shape
        torch.Size([])
    """

    def __init__(self, temperature: float = 0.1, target_temperature: float = 0.05, coefficient: float = 0.5) -> None:
        super().__init__()
        check_temperatures(temperature, target_temperature)
        if not 0 <= coefficient <= 1:
            raise ValueError(f'coefficient must lie in [0, 1], got {coefficient}')
        self.temperature = temperature
        self.target_temperature = target_temperature
        self.coefficient = coefficient

    def forward(self, query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None = None) -> torch.Tensor:
        """Compute the loss; shapes as in :class:`InfoNCELoss`."""
        return sce_loss(
            query,
            key,
            queue,
            temperature=self.temperature,
            target_temperature=self.target_temperature,
            coefficient=self.coefficient,
        )

    def extra_repr(self) -> str:
        return (
            f'temperature={self.temperature}, target_temperature={self.target_temperature}, '
            f'coefficient={self.coefficient}'
        )
