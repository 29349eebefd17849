"""The three terms of SCE's proposition 1 with free weights, for ablations."""

from torch import Tensor

from cft.registry import MODELS

from .queue_loss import QueueLoss, query_loss
from .queue_terms import TermWeights
from .relational import check_temperatures


def ceiling_loss(
    query: Tensor, key: Tensor, queue: Tensor | None = None, *, temperature: float = 0.1, unit_queue: bool = False
) -> Tensor:
    r"""How much of a query's probability goes to other instances than its own.

    .. math:: L = -\frac{1}{n} \sum_i \log \sum_{j \ne i} p^1_{ij}

    ``L_Ceil`` of SCE's proposition 1.

    Args:
        query: (N, D) features of the online encoder, normalised here.
        key: (N, D) features of the momentum encoder, row i of the same image
            as query i; no gradient flows into them.
        queue: (M, D) past keys, normalised here. Without it the batch's keys are the candidates.
        temperature: tau > 0.
        unit_queue: The rows of the queue have length 1 and are taken as they are.

    Returns:
        Scalar, at least float32; 0 without any candidate but the own key.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> views = torch.eye(2)
        >>> ceiling_loss(views, views, temperature=1.0)  # log(1 + e)
        tensor(1.3133)
    """
    return query_loss(query, key, queue, TermWeights(ceiling=1.0), temperature, unit_queue=unit_queue)


@MODELS.register_module()
class SCETermsLoss(QueueLoss):
    r"""Contrastive, relational and ceiling terms, weighted at will.

    .. math:: L = \lambda L_{InfoNCE} + \mu L_{ReSSL} + \eta L_{Ceil}

    SCE, equation 9, for the ablation of table 3. With
    ``relational_weight = ceiling_weight = 1 - contrastive_weight`` it equals
    :class:`SCELoss`.

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
        check_temperatures(temperature, target_temperature)
        super().__init__(temperature, target_temperature)
        self.weights = (contrastive_weight, relational_weight, ceiling_weight)
        if not all(weight >= 0 for weight in self.weights):
            raise ValueError(f'weights must not be negative, got {self.weights}')

    def term_weights(self) -> TermWeights:
        return TermWeights(*self.weights)

    def extra_repr(self) -> str:
        return f'weights={self.weights}, temperature={self.temperature}, target_temperature={self.target_temperature}'
