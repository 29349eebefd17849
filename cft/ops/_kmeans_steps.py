"""The two steps of spherical k-means: assign rows to centroids, move centroids to their rows."""

import torch
import torch.distributed as dist

from .gather import gather_rows, is_distributed
from .normalize import l2_normalize
from .precision import full_precision

# Similarities in memory at a time: 64 MB in float32.
BLOCK_ENTRIES = 2**24
# A row below this length has no direction, as in l2_normalize.
SHORTEST = 1e-6


def sum_over_ranks(tensor: torch.Tensor) -> torch.Tensor:
    """The sum, in place."""
    if is_distributed():
        dist.all_reduce(tensor)
    return tensor


def working_type(features: torch.Tensor) -> torch.dtype:
    """At least float32."""
    return torch.promote_types(features.dtype, torch.float32)


def _rounding(dtype: torch.dtype) -> float:
    """Difference that two ways to sum up the same cosine may have."""
    return 16 * torch.finfo(dtype).eps


def blocks(features: torch.Tensor, num_clusters: int) -> list[slice]:
    """Parts of the rows, so small that their similarities and their copies stay within ``BLOCK_ENTRIES``."""
    size = max(1, BLOCK_ENTRIES // max(num_clusters, features.shape[1]))
    return [slice(start, start + size) for start in range(0, len(features), size)]


@full_precision
def _nearest(rows: torch.Tensor, centroids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    similarities = l2_normalize(rows) @ centroids.T
    best = similarities.amax(dim=1)
    # A matrix product may round equal cosines differently from column to column.
    tied = similarities >= best[:, None] - _rounding(best.dtype)
    return best, tied.byte().argmax(dim=1)


def assign(
    features: torch.Tensor, centroids: torch.Tensor, directed: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(N,) cosine to the nearest centroid and (N,) its index; infinity and -1 for rows without a direction."""
    similarities = features.new_empty(len(features), dtype=centroids.dtype)
    assignments = torch.empty_like(similarities, dtype=torch.long)
    for rows in blocks(features, len(centroids)):
        similarities[rows], assignments[rows] = _nearest(features[rows], centroids)
    return similarities.masked_fill(~directed, torch.inf), assignments.masked_fill(~directed, -1)


def move_centroids(
    features: torch.Tensor, centroids: torch.Tensor, similarities: torch.Tensor, assignments: torch.Tensor
) -> torch.Tensor:
    """Centroids as the directions of their rows' sums; empty clusters go to ill-fitting rows."""
    # In float64 the order in which rows and ranks are summed up leaves no trace in float32 centroids.
    sums = torch.zeros_like(centroids, dtype=torch.float64)
    counts = sums.new_zeros(len(sums))
    for rows in blocks(features, len(centroids)):
        assigned = assignments[rows] >= 0
        owners = assignments[rows][assigned]
        sums.index_add_(0, owners, l2_normalize(features[rows][assigned].double()))
        counts += owners.bincount(minlength=len(counts))
    sums, counts = sum_over_ranks(sums), sum_over_ranks(counts)
    lengths = sums.norm(dim=1)
    has_direction = lengths > SHORTEST * counts
    moved = torch.where(has_direction[:, None], sums / lengths[:, None], centroids).to(centroids.dtype)
    empty = (counts == 0).nonzero().squeeze(1)
    if len(empty):
        ill_fitting = _least_similar(features, similarities, len(empty))
        moved[empty[: len(ill_fitting)]] = ill_fitting
    return moved


def _least_similar(features: torch.Tensor, similarities: torch.Tensor, count: int) -> torch.Tensor:
    """At most ``count`` unit rows of all ranks, the one furthest from its centroid first, none that lies on it."""
    worst = similarities.argsort(stable=True)[:count]
    candidates = gather_rows(l2_normalize(features[worst].to(similarities.dtype)))
    similarities = gather_rows(similarities[worst])
    worst = similarities.argsort(stable=True)[:count]
    return candidates[worst[similarities[worst] < 1 - _rounding(similarities.dtype)]]
