"""SINCERE: a supervised contrastive loss whose positives do not repel each other."""

import torch
import torch.nn.functional as F
from torch import nn

from cft.models.losses import (
    batch_similarities,
    check_inputs,
    masked_logsumexp,
    mean_over_anchors,
    propagate_non_finite,
)
from cft.ops import full_precision
from cft.registry import MODELS


@MODELS.register_module()
class SINCERELoss(nn.Module):
    r"""Supervised InfoNCE (Feeney and Hughes, "SINCERE", 2023, arXiv 2309.14277).

    .. math:: L = \frac{1}{n'} \sum_i \frac{1}{|P_i|} \sum_{p \in P_i}
        -\log \frac{e^{s_{ip}}}{e^{s_{ip}} + \sum_{k \in N_i} e^{s_{ik}}}

    SupCon's denominator holds all candidates, the other positives too, so that
    positives push each other away. Here it holds the one positive and the
    negatives N_i. Anchors without positives are not counted (n').

    Args:
        temperature: tau, by which cosine similarities are divided.
        gather: Take candidates from all ranks; value and gradients are those of
            one process on the joined batch.

    Raises:
        ValueError: If the temperature is not positive.

    Example:
        >>> loss = SINCERELoss(temperature=0.1)
        >>> loss(torch.randn(6, 8), torch.tensor([0, 0, 1, 1, 2, 2])).dim()
        0
    """

    def __init__(self, temperature: float = 0.07, gather: bool = False) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.temperature = temperature
        self.gather = gather

    @full_precision
    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compute the scalar loss of (N, D) features, normalised inside, and (N,) integer labels."""
        check_inputs(features, labels)
        anchors, (logits, positive, candidate) = batch_similarities(features, labels, self.temperature, self.gather)
        negatives = masked_logsumexp(logits, candidate & ~positive)
        terms = F.softplus(negatives.reshape(-1, 1) - logits) * positive
        count = positive.sum(dim=1)
        loss = mean_over_anchors(terms.sum(dim=1) / count.clamp(min=1), count > 0, self.gather)
        return propagate_non_finite(loss, anchors)
