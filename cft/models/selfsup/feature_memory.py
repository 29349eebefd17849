"""Embeddings that an epoch leaves behind, to be clustered at its end."""

from typing import TypedDict

import torch
import torch.distributed as dist

from cft.ops import is_distributed, l2_normalize, row_counts


class JoinedRows(TypedDict):
    """What the ranks remember together: ``indices`` (n,), and ``features``, (n, D) of each crop."""

    indices: torch.Tensor
    features: list[torch.Tensor]


class FeatureMemory:
    """Unit embeddings of this rank's images in the order in which they were seen.

    It is no part of the model's state: :class:`cft.engine.hooks.ClusterHook`
    saves it with checkpoints of an unfinished epoch. The rows lie on the device
    of the embeddings in one tensor, which grows by doubling and is kept from
    epoch to epoch.

    Args:
        crops: Number of views of each image that are remembered.
        channels: D, width of an embedding.

    Example:
        >>> memory = FeatureMemory(crops=1, channels=2)
        >>> memory.append([torch.tensor([[3.0, 4.0]])], torch.tensor([7]))
        >>> memory.features, memory.indices
        (tensor([[[0.6000, 0.8000]]]), tensor([7]))
    """

    def __init__(self, crops: int, channels: int) -> None:
        self._features = torch.empty(crops, 0, channels)
        self._indices = torch.empty(0, dtype=torch.long)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def features(self) -> torch.Tensor:
        """(crops, n, D) float32 unit rows."""
        return self._features[:, : self._length]

    @property
    def indices(self) -> torch.Tensor:
        """(n,) sample of each row."""
        return self._indices[: self._length]

    def reserve(self, rows: int, device: torch.device | str = 'cpu') -> None:
        """Make room for ``rows`` in all, on a device; what is remembered stays."""
        old_features, old_indices = self.features, self.indices
        rows = max(rows, self._length)
        self._features = torch.empty(len(self._features), rows, self._features.shape[2], device=device)
        self._indices = torch.empty(rows, dtype=torch.long, device=device)
        self.features.copy_(old_features)
        self.indices.copy_(old_indices)

    @torch.no_grad()
    def append(self, embeddings: list[torch.Tensor], indices: torch.Tensor) -> None:
        """Remember a batch.

        Args:
            embeddings: One (N, D) tensor for each remembered view, normalised here.
            indices: (N,) sample of each row.

        Raises:
            ValueError: If a shape does not fit.
        """
        crops, _, channels = self._features.shape
        shapes = [tuple(rows.shape) for rows in embeddings]
        if shapes != [(len(indices), channels)] * crops:
            raise ValueError(f'expected {crops} embeddings of shape ({len(indices)}, {channels}), got {shapes}')
        end, device = self._length + len(indices), embeddings[0].device
        if end > len(self._indices) or device != self._indices.device:
            self.reserve(max(end, 2 * self._length), device)
        for crop, rows in enumerate(embeddings):
            self._features[crop, self._length : end] = l2_normalize(rows.float())
        self._indices[self._length : end] = indices
        self._length = end

    def forward_state(self) -> int:
        """Number of rows, for whoever undoes a step: it only ever appends."""
        return self._length

    def restore_forward_state(self, state: int) -> None:
        """Forget the rows that were appended since :meth:`forward_state` returned ``state``."""
        self._length = state

    def clear(self) -> None:
        """Forget all rows; the room for them stays."""
        self._length = 0

    def joined(self) -> JoinedRows | None:
        """The rows of all ranks on the CPU of rank 0, None elsewhere; every rank must call.

        Row i of rank r comes before row i of rank r + 1 and before row i + 1
        of rank 0: the order in which MMEngine's sampler deals samples out.
        """
        counts = row_counts(self.indices)
        order = torch.cat([torch.arange(count) * len(counts) + rank for rank, count in enumerate(counts)]).argsort()
        parts = [_on_first_rank(rows, counts) for rows in (self.indices, *self.features)]
        here = [part for part in parts if part is not None]
        if not here:
            return None
        indices, *features = here
        return {'indices': indices[order], 'features': [rows[order] for rows in features]}

    def restore(self, joined: JoinedRows) -> None:
        """Take this rank's part of what :meth:`joined` returned, in a job of any number of ranks."""
        rank, ranks = (dist.get_rank(), dist.get_world_size()) if is_distributed() else (0, 1)
        self.clear()
        indices = joined['indices'][rank::ranks]
        self.reserve(len(indices), indices.device)
        self._length = len(indices)
        self.indices.copy_(indices)
        # Not through append: normalising a unit row again may change its last bit.
        for own, rows in zip(self.features, joined['features'], strict=True):
            own.copy_(rows[rank::ranks])


def latest_rows(indices: torch.Tensor, num_samples: int) -> torch.Tensor:
    """Which rows to keep so that each sample counts once over all ranks.

    A distributed sampler repeats samples to give all ranks the same number.
    Of the rows of a sample the last in the order of
    :meth:`FeatureMemory.joined` stays. Every rank must call.

    Args:
        indices: (n,) samples of this rank's rows, from 0 to ``num_samples - 1``.
        num_samples: Number of samples of the whole data set.

    Returns:
        (n,) boolean.

    Example:
        >>> latest_rows(torch.tensor([3, 1, 3]), num_samples=4)
        tensor([False,  True,  True])
    """
    rank, ranks = (dist.get_rank(), dist.get_world_size()) if is_distributed() else (0, 1)
    places = torch.arange(len(indices), device=indices.device) * ranks + rank
    last = places.new_full((num_samples,), -1).scatter_reduce(0, indices, places, 'amax')
    if is_distributed():
        dist.all_reduce(last, op=dist.ReduceOp.MAX)
    return last[indices] == places


def _on_first_rank(rows: torch.Tensor, counts: list[int]) -> torch.Tensor | None:
    """All ranks' rows, one rank after the other, so that no device has to hold them all."""
    if len(counts) == 1:
        return rows.cpu()
    if dist.get_rank() > 0:
        dist.send(rows.contiguous(), dst=0)
        return None
    parts = [rows.cpu()]
    for source, count in enumerate(counts[1:], start=1):
        received = rows.new_empty(count, *rows.shape[1:])
        dist.recv(received, src=source)
        parts.append(received.cpu())
    return torch.cat(parts)
