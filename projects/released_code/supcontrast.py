"""SupCon with the factor and the mean of SupContrast, the code that many implementations come from."""

import torch

from cft.models import SupConLoss
from cft.ops import gather_rows
from cft.registry import MODELS


@MODELS.register_module()
class SupContrastLoss(SupConLoss):
    r""":class:`cft.models.SupConLoss` as SupContrast scales it, each deviation a switch of its own.

    Both change the scale alone, so that they act like another ``loss_weight``;
    the second one by a factor that differs from batch to batch.

    Args:
        base_temperature: Multiply by tau / base_temperature; 0.07 there. None: no factor.
        mean_over_all: Anchors without a positive count as 0 in the mean, not nowhere.
        kwargs: Those of :class:`cft.models.SupConLoss`.

    Raises:
        ValueError: If a temperature is not positive.

    Example:
        >>> batch = torch.eye(3), torch.tensor([0, 0, 1])
        >>> SupContrastLoss(base_temperature=0.07, temperature=0.14)(*batch) / SupConLoss(0.14)(*batch)
        tensor(2.)
    """

    def __init__(
        self, base_temperature: float | None = None, mean_over_all: bool = False, **kwargs: float | bool
    ) -> None:
        super().__init__(**kwargs)
        if base_temperature is not None and not base_temperature > 0:
            raise ValueError(f'base_temperature must be positive or None, got {base_temperature}')
        self.base_temperature = base_temperature
        self.mean_over_all = mean_over_all

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compute the loss of (N, D) features and (N,) labels; SupContrast knows no generated samples."""
        loss = super().forward(features, labels)
        if self.base_temperature is not None:
            loss = loss * (self.temperature / self.base_temperature)
        if self.mean_over_all:
            labels = gather_rows(labels) if self.gather else labels
            sizes = torch.unique(labels, return_counts=True)[1]
            loss = loss * sizes[sizes > 1].sum() / max(len(labels), 1)
        return loss

    def extra_repr(self) -> str:
        return f'base_temperature={self.base_temperature}, mean_over_all={self.mean_over_all}, {super().extra_repr()}'
