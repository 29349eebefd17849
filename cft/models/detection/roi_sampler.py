"""Which regions of interest the contrastive branch sees."""

import torch
from torch import nn

from cft.ops import balanced_subset
from cft.registry import MODELS


@MODELS.register_module()
class RoISampler(nn.Module):
    """A fixed number of proposals per image, its classes in turn, misclassified ones preferred.

    Args:
        rois_per_image: Largest number of regions of one image.
        hard_fraction: Part of each class's regions that is drawn from those the
            classifier gets wrong, while there are any.
        background: Let background proposals take part, as one more class.

    Example:
        >>> sampler = RoISampler(rois_per_image=2)
        >>> labels, images = torch.tensor([0, 3, 1]), torch.tensor([0, 0, 0])   # 3 classes, 3 is background
        >>> rows, classes, represented = sampler(torch.randn(3, 8), labels, images, torch.randn(3, 4))
        >>> rows.shape, classes, represented
        (torch.Size([2, 8]), tensor([0, 1]), tensor([1., 1.]))
    """

    def __init__(self, rois_per_image: int = 64, hard_fraction: float = 0.5, background: bool = False) -> None:
        super().__init__()
        if rois_per_image < 1:
            raise ValueError(f'rois_per_image must be at least 1, got {rois_per_image}')
        if not 0 <= hard_fraction <= 1:
            raise ValueError(f'hard_fraction must lie in [0, 1], got {hard_fraction}')
        self.rois_per_image = rois_per_image
        self.hard_fraction = hard_fraction
        self.background = background

    def forward(
        self, features: torch.Tensor, labels: torch.Tensor, images: torch.Tensor, logits: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Draw the regions.

        Args:
            features: (N, D), one row per region.
            labels: (N,) integers, K is background.
            images: (N,) image of each region.
            logits: (N, K + 1) of the classifier.

        Returns:
            (M, D) features, (M,) labels and (M,) number of regions of its image,
            class and kind that each stands for; M is 0 if there is no foreground.
        """
        candidates = torch.arange(len(labels), device=labels.device)
        if not self.background:
            candidates = candidates[labels < logits.shape[1] - 1]
        hard = (logits.argmax(dim=1) != labels)[candidates]
        chosen, represented = balanced_subset(
            labels[candidates], images[candidates], hard, self.rois_per_image, self.hard_fraction
        )
        return features[candidates[chosen]], labels[candidates[chosen]], represented

    def extra_repr(self) -> str:
        return f'rois_per_image={self.rois_per_image}, hard_fraction={self.hard_fraction}, background={self.background}'
