"""Losses on relations between instances: ReSSL and SCE."""

from torch import Tensor

from cft.registry import MODELS

from .queue_loss import QueueLoss, query_loss
from .queue_terms import TermWeights


def ressl_loss(
    query: Tensor,
    key: Tensor,
    queue: Tensor | None = None,
    *,
    temperature: float = 0.1,
    target_temperature: float = 0.05,
    unit_queue: bool = False,
) -> Tensor:
    """The functional form of :class:`ReSSLLoss`.

    Args:
        query: (N, D) features of the online encoder, normalised here.
        key: (N, D) features of the momentum encoder, row i of the same image
            as query i; no gradient flows into them.
        queue: (M, D) past keys, normalised here. Without it the batch's keys are the candidates.
        temperature: tau > 0 of the online distribution.
        target_temperature: tau_m > 0 of the target.
        unit_queue: The rows of the queue have length 1 and are taken as they are.

    Returns:
        Scalar, at least float32; 0 without any candidate but the own key.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> ressl_loss(torch.randn(4, 16), torch.randn(4, 16), torch.randn(64, 16)).shape
        torch.Size([])
    """
    weights = TermWeights(relational=1.0)
    return query_loss(query, key, queue, weights, temperature, target_temperature, unit_queue)


def sce_loss(
    query: Tensor,
    key: Tensor,
    queue: Tensor | None = None,
    *,
    temperature: float = 0.1,
    target_temperature: float = 0.05,
    coefficient: float = 0.5,
    unit_queue: bool = False,
) -> Tensor:
    """The functional form of :class:`SCELoss`.

    Args:
        query: (N, D) features of the online encoder, normalised here.
        key: (N, D) features of the momentum encoder, row i of the same image
            as query i; no gradient flows into them.
        queue: (M, D) past keys, normalised here. Without it the batch's keys are the candidates.
        temperature: tau > 0 of the online distribution.
        target_temperature: tau_m > 0 of the target.
        coefficient: lambda in [0, 1], the weight of the own key in the target; 1 is InfoNCE.
        unit_queue: The rows of the queue have length 1 and are taken as they are.

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
    weights = TermWeights(coefficient, 1 - coefficient, 1 - coefficient)
    return query_loss(query, key, queue, weights, temperature, target_temperature, unit_queue)


def check_temperatures(temperature: float, target_temperature: float) -> None:
    """Raise ``ValueError`` unless both are positive."""
    if not (temperature > 0 and target_temperature > 0):
        raise ValueError(f'temperatures must be positive, got {temperature} and {target_temperature}')


@MODELS.register_module()
class ReSSLLoss(QueueLoss):
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
        check_temperatures(temperature, target_temperature)
        super().__init__(temperature, target_temperature)

    def term_weights(self) -> TermWeights:
        return TermWeights(relational=1.0)

    def extra_repr(self) -> str:
        return f'temperature={self.temperature}, target_temperature={self.target_temperature}'


@MODELS.register_module()
class SCELoss(QueueLoss):
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
        check_temperatures(temperature, target_temperature)
        if not 0 <= coefficient <= 1:
            raise ValueError(f'coefficient must lie in [0, 1], got {coefficient}')
        super().__init__(temperature, target_temperature)
        self.coefficient = coefficient

    def term_weights(self) -> TermWeights:
        """Proposition 1."""
        return TermWeights(self.coefficient, 1 - self.coefficient, 1 - self.coefficient)

    def extra_repr(self) -> str:
        return (
            f'temperature={self.temperature}, target_temperature={self.target_temperature}, '
            f'coefficient={self.coefficient}'
        )
