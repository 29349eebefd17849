"""Choose a fixed number of pixels or regions per image, class by class in turn, hard ones preferred."""

import torch


def rank_within(groups: torch.Tensor, priorities: torch.Tensor) -> torch.Tensor:
    """Position of each element among those of its group, lowest priority first, ties at random.

    Args:
        groups: (N,) integers.
        priorities: (N,) numbers.

    Returns:
        (N,) integers from 0.

    Example:
        >>> rank_within(torch.tensor([0, 1, 0]), torch.tensor([2., 1., 1.]))
        tensor([1, 0, 0])
    """
    order = torch.randperm(len(groups), device=groups.device)
    order = order[priorities[order].argsort(stable=True)]
    order = order[groups[order].argsort(stable=True)]
    ordered = groups[order]
    ranks = torch.empty_like(order)
    ranks[order] = torch.arange(len(order), device=order.device) - torch.searchsorted(ordered, ordered)
    return ranks


@torch.no_grad()
def balanced_subset(
    labels: torch.Tensor, images: torch.Tensor, hard: torch.Tensor, budget: int, hard_fraction: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw at most ``budget`` elements of each image, as evenly over its classes as they allow.

    The classes of an image take turns, so that a small class gives all it has
    and the others share what it leaves. Within a class ``hard_fraction`` of the
    turns go to hard elements while there are any of both kinds. The rest is chance.

    Args:
        labels: (N,) classes.
        images: (N,) image of each element.
        hard: (N,) boolean, e.g. wrongly classified.
        budget: Number per image.
        hard_fraction: In [0, 1].

    Returns:
        (M,) indices, ascending, and (M,) how many elements of its image, class
        and kind (hard or not) each of them stands for, itself included; where
        one kind was not drawn, the other stands for both.

    Example:
        >>> labels = torch.tensor([0, 0, 0, 0, 1])
        >>> chosen, represented = balanced_subset(labels, torch.zeros(5, dtype=torch.long), labels > 0, 2, 0.5)
        >>> labels[chosen], represented
        (tensor([0, 1]), tensor([4., 1.]))
    """
    groups, classes = torch.unique(torch.stack([images, labels]), dim=1, return_inverse=True)
    kinds = 2 * classes + hard
    share = torch.where(hard, hard_fraction, 1 - hard_fraction).clamp(min=1e-6)
    within_kind = rank_within(kinds, torch.zeros_like(share))
    turn = rank_within(classes, (within_kind + 1) / share)
    chosen = (rank_within(images, turn) < budget).nonzero().squeeze(1)
    sizes, drawn = (k.bincount(minlength=2 * groups.shape[1]).view(-1, 2) for k in (kinds, kinds[chosen]))
    sizes = sizes + sizes.flip(1) * (drawn.flip(1) == 0)
    return chosen, (sizes / drawn).flatten()[kinds[chosen]]
