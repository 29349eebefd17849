"""Which pixels of a feature map the contrastive branch sees."""

import torch
from torch import nn

from cft.ops import balanced_subset, full_precision
from cft.registry import MODELS


@MODELS.register_module()
class PixelSampler(nn.Module):
    """A fixed number of labelled pixels per image, its classes in turn, misclassified ones preferred.

    The memory of the contrastive side depends on ``pixels_per_image`` and not
    on the resolution.

    Args:
        pixels_per_image: Largest number of pixels of one image.
        hard_fraction: Part of each class's pixels that is drawn from those the
            classifier gets wrong, while there are any.

    Example:
        >>> sampler = PixelSampler(pixels_per_image=4)
        >>> labels = torch.tensor([[[0, 0], [1, 255]]])
        >>> rows, classes, represented = sampler(torch.randn(1, 8, 2, 2), labels, torch.randn(1, 2, 2, 2), 255)
        >>> rows.shape, classes, represented
        (torch.Size([3, 8]), tensor([0, 0, 1]), tensor([1., 1., 1.]))
    """

    def __init__(self, pixels_per_image: int = 128, hard_fraction: float = 0.5) -> None:
        super().__init__()
        if pixels_per_image < 1:
            raise ValueError(f'pixels_per_image must be at least 1, got {pixels_per_image}')
        if not 0 <= hard_fraction <= 1:
            raise ValueError(f'hard_fraction must lie in [0, 1], got {hard_fraction}')
        self.pixels_per_image = pixels_per_image
        self.hard_fraction = hard_fraction

    def forward(
        self, features: torch.Tensor, labels: torch.Tensor, logits: torch.Tensor, ignore_index: int | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Draw the pixels.

        Args:
            features: (B, D, h, w).
            labels: (B, h, w) integers.
            logits: (B, K, h, w) of the classifier.
            ignore_index: Label of pixels to leave out; None: all are labelled.

        Returns:
            (N, D) features, (N,) labels and (N,) number of pixels of its image,
            class and kind that each stands for; N is 0 if no pixel is labelled.
        """
        images, rows, columns = _is_labelled(labels, ignore_index).nonzero(as_tuple=True)
        hard = (logits.argmax(dim=1) != labels)[images, rows, columns]
        chosen, represented = balanced_subset(
            labels[images, rows, columns], images, hard, self.pixels_per_image, self.hard_fraction
        )
        where = images[chosen], rows[chosen], columns[chosen]
        return features.permute(0, 2, 3, 1)[where], labels[where], represented

    def extra_repr(self) -> str:
        return f'pixels_per_image={self.pixels_per_image}, hard_fraction={self.hard_fraction}'


@MODELS.register_module()
class ClassRegionMean(nn.Module):
    """One feature per image and class: the mean over the class's pixels.

    Example:
        >>> labels = torch.tensor([[[0, 0], [1, 255]]])
        >>> mean = ClassRegionMean()
        >>> rows, classes, represented = mean(torch.randn(1, 8, 2, 2), labels, torch.randn(1, 2, 2, 2), 255)
        >>> rows.shape, classes, represented
        (torch.Size([2, 8]), tensor([0, 1]), tensor([2., 1.]))
    """

    def forward(
        self, features: torch.Tensor, labels: torch.Tensor, logits: torch.Tensor, ignore_index: int | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Average; arguments and results as in :meth:`PixelSampler.forward`."""
        labels = labels.where(_is_labelled(labels, ignore_index), -1)
        return class_means(features, labels, logits.shape[1])


@full_precision
def class_means(
    features: torch.Tensor, labels: torch.Tensor, num_classes: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean of (B, D, h, w) features over each class of each image, its class and its size; label -1 takes no part."""
    membership = nn.functional.one_hot(labels.flatten(1) + 1, num_classes + 1)[..., 1:].to(features)
    sizes = membership.sum(dim=1)
    sums = torch.einsum('bpk,bdp->bkd', membership, features.flatten(2))
    images, classes = sizes.nonzero(as_tuple=True)
    return (sums / sizes.clamp(min=1)[..., None])[images, classes], classes, sizes[images, classes]


def _is_labelled(labels: torch.Tensor, ignore_index: int | None) -> torch.Tensor:
    return torch.ones_like(labels, dtype=torch.bool) if ignore_index is None else labels != ignore_index
