"""InfoNCE, the instance discrimination loss of MoCo (SCE, equation 1)."""

from torch import Tensor

from cft.registry import MODELS

from .queue_loss import QueueLoss, query_loss
from .queue_terms import TermWeights


def info_nce_loss(
    query: Tensor, key: Tensor, queue: Tensor | None = None, *, temperature: float = 0.2, unit_queue: bool = False
) -> Tensor:
    """The functional form of :class:`InfoNCELoss`.

    Args:
        query: (N, D) features of the online encoder, normalised here.
        key: (N, D) features of the momentum encoder, row i of the same image
            as query i; no gradient flows into them.
        queue: (M, D) past keys, normalised here. Without it the batch's keys are the candidates.
        temperature: tau > 0.
        unit_queue: The rows of the queue have length 1 and are taken as they are.

    Returns:
        Scalar, at least float32; 0 for an empty batch.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> views = torch.eye(2)
        >>> info_nce_loss(views, views, temperature=1.0)  # log(1 + 1 / e)
        tensor(0.3133)
    """
    return query_loss(query, key, queue, TermWeights(contrastive=1.0), temperature, unit_queue=unit_queue)


@MODELS.register_module()
class InfoNCELoss(QueueLoss):
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
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        super().__init__(temperature)

    def term_weights(self) -> TermWeights:
        return TermWeights(contrastive=1.0)

    def extra_repr(self) -> str:
        return f'temperature={self.temperature}'
