"""First-in first-out memory of the past keys of every class."""

import torch
from torch import nn

from cft.ops import gather_rows, row_counts


class ClassQueue(nn.Module):
    """The last ``keys_per_class`` keys of each class, of all ranks, in buffers that checkpoints keep.

    It starts empty: a class that has not been seen has no keys, and no random
    directions stand for them.

    Args:
        num_classes: C.
        keys_per_class: K, at least 1.
        channels: D, width of a key.

    Example:
        >>> queue = ClassQueue(num_classes=2, keys_per_class=3, channels=4)
        >>> queue.enqueue(torch.ones(2, 4), torch.tensor([1, 1]))
        >>> queue.labels
        tensor([-1, -1, -1,  1,  1, -1])
    """

    features: torch.Tensor
    seen: torch.Tensor

    def __init__(self, num_classes: int, keys_per_class: int, channels: int) -> None:
        super().__init__()
        if min(num_classes, keys_per_class, channels) < 1:
            raise ValueError(
                'num_classes, keys_per_class and channels must be at least 1, got '
                f'{num_classes}, {keys_per_class} and {channels}'
            )
        self.keys_per_class = keys_per_class
        self.register_buffer('features', torch.zeros(num_classes, keys_per_class, channels))
        self.register_buffer('seen', torch.zeros(num_classes, dtype=torch.long))

    @property
    def keys(self) -> torch.Tensor:
        """A copy (C * K, D) of all slots as they are now, zero where there is no key yet."""
        return self.features.flatten(0, 1).clone()

    @property
    def labels(self) -> torch.Tensor:
        """(C * K,) class of each slot, -1 where there is no key yet."""
        classes = torch.arange(len(self.seen), device=self.seen.device)[:, None]
        filled = torch.arange(self.keys_per_class, device=self.seen.device) < self.seen[:, None]
        return torch.where(filled, classes, -1).flatten()

    @torch.no_grad()
    def enqueue(self, keys: torch.Tensor, labels: torch.Tensor) -> None:
        """Replace the oldest keys of the classes.

        Args:
            keys: (n, D) of this rank. All ranks' keys enter, rank 0's first, so
                that the queue stays equal on every rank. A key that is not
                finite, as under automatic mixed precision it may be now and
                then, would spoil every loss until it is replaced: it stays out.
            labels: (n,) integers in [0, C).
        """
        counts = row_counts(keys)
        keys, labels = gather_rows(keys.float(), counts), gather_rows(labels, counts)
        finite = keys.isfinite().all(dim=1)
        keys, labels = keys[finite], labels[finite]
        order = labels.argsort(stable=True)
        keys, labels = keys[order], labels[order]
        turn = torch.arange(len(labels), device=labels.device) - torch.searchsorted(labels, labels)
        arrived = labels.bincount(minlength=len(self.seen))
        # Of more keys than there are slots the last ones stay.
        kept = turn >= (arrived - self.keys_per_class)[labels]
        slots = (self.seen[labels] + turn) % self.keys_per_class
        self.features[labels[kept], slots[kept]] = keys[kept].to(self.features)
        self.seen += arrived
