"""InfoNCE, the instance discrimination loss of MoCo (SCE, equation 1)."""

import torch
from torch import nn

from cft.ops import full_precision
from cft.registry import MODELS

from .candidates import candidate_similarities, check_views, propagate_non_finite


@full_precision
def info_nce_loss(
    query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None = None, *, temperature: float = 0.2
) -> torch.Tensor:
    """The functional form of :class:`InfoNCELoss`.

    Args:
        query: (N, D) features of the online encoder, normalised here.
        key: (N, D) features of the momentum encoder, row i of the same image
            as query i; no gradient flows into them.
        queue: (M, D) past keys. Without it the batch's keys are the candidates.
        temperature: tau > 0.

    Returns:
        Scalar, at least float32; 0 for an empty batch.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> views = torch.eye(2)
        >>> info_nce_loss(views, views, temperature=1.0)  # log(1 + 1 / e)
        tensor(0.3133)
    """
    check_views(query, key, queue)
    similarities, _ = candidate_similarities(query, key, queue)
    logits = similarities / temperature
    own = logits.diagonal() if queue is None else logits[:, 0]
    return propagate_non_finite((logits.logsumexp(dim=1) - own).sum() / max(len(query), 1), similarities)


@MODELS.register_module()
class InfoNCELoss(nn.Module):
    r"""Recognise the key of the same image among all candidates.

    .. math:: L = -\frac{1}{n} \sum_i \log \mathrm{softmax}_k(q_i \cdot c_{ik} / \tau)_{k = i}

    Args:
        temperature: tau > 0; MoCo-v2's default is 0.2.

    Example:
        >>> loss = InfoNCELoss(temperature=0.2)
        >>> loss(torch.randn(4, 16), torch.randn(4, 16), torch.randn(64, 16)).shape
        torch.Size([])
    """

    def __init__(self, temperature: float = 0.2) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.temperature = temperature

    def forward(self, query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None = None) -> torch.Tensor:
        """Compute the loss.

        Args:
            query: (N, D) features of the online encoder, normalised here.
            key: (N, D) features of the momentum encoder, row i of the same
                image as query i; no gradient flows into them.
            queue: (M, D) past keys. Without it the batch's keys are the candidates.

        Returns:
            Scalar, at least float32.

        Raises:
            ValueError: If a shape does not fit.
        """
        return info_nce_loss(query, key, queue, temperature=self.temperature)

    def extra_repr(self) -> str:
        return f'temperature={self.temperature}'
