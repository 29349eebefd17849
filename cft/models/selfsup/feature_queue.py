"""First-in first-out memory of past keys."""

import torch
from torch import nn

from cft.ops import gather_rows, l2_normalize

TYPES = {'float32': torch.float32, 'float16': torch.float16, 'bfloat16': torch.bfloat16}


class FeatureQueue(nn.Module):
    """The last ``length`` keys of all ranks, in a buffer that checkpoints keep.

    Any batch size goes with any length: a batch wraps around the end, and of a
    batch longer than the queue the last ``length`` keys stay. It starts filled
    with random directions, as MoCo's.

    Args:
        length: M, number of keys.
        channels: D, width of a key.
        dtype: Type in which the keys are kept: 'float32', 'float16' or 'bfloat16'.
            Arithmetic with them is float32; checkpoints of one type load into another.
            Of SCE with 65,536 keys of 256 numbers a short type saves 32 MiB; the
            gradient changes by 4e-6 (float16) or 3e-5 (bfloat16) of its length, the
            time not measurably on a CPU.

    Raises:
        ValueError: If a number is below 1, or for another type.

    Example:
        >>> queue = FeatureQueue(length=5, channels=2)
        >>> queue.enqueue(torch.ones(3, 2))
        >>> int(queue.position)
        3
    """

    features: torch.Tensor
    position: torch.Tensor

    def __init__(self, length: int, channels: int, dtype: str = 'float32') -> None:
        super().__init__()
        if length < 1 or channels < 1:
            raise ValueError(f'length and channels must be at least 1, got {length} and {channels}')
        if dtype not in TYPES:
            raise ValueError(f'the type of a queue must be one of {", ".join(TYPES)}, got {dtype!r}')
        self.register_buffer('features', l2_normalize(torch.randn(length, channels)).to(TYPES[dtype]))
        self.register_buffer('position', torch.zeros((), dtype=torch.long))
        # Slots and rows that enqueue has overwritten since forward_state, until all are; None: nobody asked.
        self._overwritten: list[tuple[torch.Tensor, torch.Tensor]] | None = None

    @torch.no_grad()
    def enqueue(self, keys: torch.Tensor, counts: list[int] | None = None) -> None:
        """Replace the oldest keys.

        Args:
            keys: (n, D) of this rank, normalised here. All ranks' keys enter,
                rank 0's first, so that the queue stays equal on every rank.
            counts: Number of keys of each rank, if it is known; else the ranks exchange it.

        Raises:
            ValueError: If this rank has another number of keys than ``counts`` say.
        """
        keys = l2_normalize(gather_rows(keys, counts).float())
        length = len(self.features)
        dropped = max(len(keys) - length, 0)
        slots = (self.position + dropped + torch.arange(len(keys) - dropped, device=keys.device)) % length
        if self._overwritten is not None and sum(len(rows) for _, rows in self._overwritten) < length:
            self._overwritten.append((slots, self.features[slots]))
        self.features[slots] = keys[dropped:].to(self.features)
        self.position.copy_((self.position + len(keys)) % length)

    def forward_state(self) -> torch.Tensor:
        """The position, for whoever undoes a step; from now on what is overwritten is kept, and not the whole queue."""
        self._overwritten = []
        return self.position.clone()

    @torch.no_grad()
    def restore_forward_state(self, state: torch.Tensor) -> None:
        """Put back what was overwritten since :meth:`forward_state` returned ``state``."""
        for slots, rows in reversed(self._overwritten or []):
            self.features[slots] = rows
        self._overwritten = []
        self.position.copy_(state)
