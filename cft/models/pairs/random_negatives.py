"""A random sample of another class for each of a batch."""

import torch
from torch import Tensor

# Up to so many samples a number is drawn for each pair of them, as in the runs that are recorded: their seeds give the
# same pairs as ever. From there on that is slower and takes more memory.
LARGEST_DRAWN_IN_PAIRS = 512


def random_negatives(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Draw one sample of another class for each, every one with the same probability.

    Args:
        labels: (N,) integers.

    Returns:
        (N,) indices, and (N,) boolean, whether there is any to draw.

    Example:
        >>> random_negatives(torch.tensor([1, 1, 0]))[1]
        tensor([True, True, True])
    """
    return _by_pairs(labels) if len(labels) <= LARGEST_DRAWN_IN_PAIRS else _by_rank(labels)


def _by_pairs(labels: Tensor) -> tuple[Tensor, Tensor]:
    same = labels[:, None] == labels
    scores = torch.rand(same.shape, device=labels.device).masked_fill_(same, -1.0)
    largest, partner = scores.max(dim=1)
    return partner, largest >= 0


def _by_rank(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Sorted by class, the samples of other classes are those before and those after the own class."""
    labels = labels.long()
    by_class, order = labels.sort(stable=True)
    first = torch.searchsorted(by_class, labels)
    behind = torch.searchsorted(by_class, labels, right=True)
    others = len(labels) - (behind - first)
    # Of 2^62 numbers the remainder prefers none by more than one in 2^62 / N.
    rank = torch.randint(2**62, labels.shape, device=labels.device) % others.clamp(min=1)
    place = torch.where(rank < first, rank, rank + (behind - first))
    return order[place.clamp(max=len(labels) - 1)], others > 0
