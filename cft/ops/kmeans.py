"""Spherical k-means over the rows of all processes, the clustering step of DeepCluster-v2."""

import torch
import torch.distributed as dist

from cft.errors import ConfigError

from ._kmeans_steps import SHORTEST, assign, blocks, move_centroids, sum_over_ranks, working_type
from .gather import is_distributed, rank_offset, row_counts
from .normalize import l2_normalize


@torch.no_grad()
def spherical_kmeans(
    features: torch.Tensor,
    num_clusters: int,
    iterations: int = 10,
    initial: torch.Tensor | None = None,
    generator: torch.Generator | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cluster rows by cosine similarity.

    Each iteration assigns every row to the centroid of the highest cosine and
    replaces each centroid by the mean of its unit rows, scaled to unit length;
    a last assignment follows. The sum of cosines of rows and their centroids
    never decreases. Under torch.distributed each rank passes its own rows and
    the clusters are those of all ranks' rows joined in rank order; every rank
    must call, even with 0 rows.

    - Cosines that differ by no more than rounding tie: the lowest index wins.
    - DeepCluster-v2 leaves an empty cluster where it is. Here it moves to the
      row that is least similar to its own centroid (several to the next ones),
      as scikit-learn's k-means does, unless all rows lie on their centroids.
    - A cluster whose rows cancel out keeps its centroid.
    - A row shorter than 1e-6 has no direction and belongs to no cluster (-1,
      which :class:`cft.models.PrototypeLoss` leaves out).

    Source: DeepCluster-v2 of Caron et al. 2020 (SwAV); HEXA, algorithm 2, line 17.

    Args:
        features: (N, D) rows of any floating type and length; N may differ between ranks.
        num_clusters: K, at most the number of rows with a direction on all ranks.
        iterations: Number of times that the centroids move; 0 only assigns.
        initial: (K, D) first centroids, normalised here; rank 0's count.
            Without them K different rows are drawn at random from all ranks.
        generator: Source of that choice; rank 0's counts.

    Returns:
        (K, D) unit centroids, at least float32, equal on all ranks, and the
        (N,) cluster of each own row.

    Raises:
        ConfigError: If fewer than K rows have a direction.
        ValueError: If a shape or number does not fit, a row has no finite
            length, or an initial centroid has no direction.

    Example:
        >>> features = torch.tensor([[1.0, 0.1], [1.0, -0.1], [0.0, 3.0]])
        >>> spherical_kmeans(features, 2, initial=torch.eye(2))
        (tensor([[1., 0.],
                [0., 1.]]), tensor([0, 0, 1]))
    """
    _check_arguments(features, num_clusters, iterations, initial)
    directed = _rows_with_direction(features, num_clusters)
    if initial is None:
        centroids = _random_rows(features, directed, num_clusters, generator)
    else:
        centroids = _first_centroids(features, initial)
    similarities, assignments = assign(features, centroids, directed)
    for _ in range(iterations):
        centroids = move_centroids(features, centroids, similarities, assignments)
        similarities, assignments = assign(features, centroids, directed)
    return centroids, assignments


def _check_arguments(features: torch.Tensor, num_clusters: int, iterations: int, initial: torch.Tensor | None) -> None:
    if features.dim() != 2 or not features.is_floating_point():
        raise ValueError(
            f'features must be (N, D) floating-point numbers, got shape {tuple(features.shape)} of {features.dtype}'
        )
    if num_clusters < 1 or iterations < 0:
        raise ValueError(f'need num_clusters >= 1 and iterations >= 0, got {num_clusters} and {iterations}')
    expected = (num_clusters, features.shape[1])
    if initial is not None and initial.shape != expected:
        raise ValueError(f'initial centroids must be {expected}, got shape {tuple(initial.shape)}')


def _rows_with_direction(features: torch.Tensor, num_clusters: int) -> torch.Tensor:
    """(N,) boolean; the same errors on every rank, whichever holds the faulty rows."""
    lengths = torch.empty(len(features), dtype=working_type(features), device=features.device)
    for rows in blocks(features, num_clusters):
        lengths[rows] = features[rows].to(lengths).square().sum(dim=1)
    directed = lengths >= SHORTEST**2
    found = torch.stack([(~lengths.isfinite()).sum(), directed.sum(), torch.ones_like(directed).sum()])
    faulty, usable, total = sum_over_ranks(found).tolist()
    if faulty:
        raise ValueError(f'{faulty} of {total} rows of features have no finite length (NaN, infinite or too large)')
    if usable < num_clusters:
        raise ConfigError(
            f'{num_clusters} clusters need as many rows, got {usable} with a direction among {total}: '
            'lower num_clusters or collect more features'
        )
    return directed


def _random_rows(
    features: torch.Tensor, directed: torch.Tensor, count: int, generator: torch.Generator | None
) -> torch.Tensor:
    own = directed.nonzero().squeeze(1)
    counts = row_counts(own)
    device = 'cpu' if generator is None else generator.device
    chosen = torch.randperm(sum(counts), generator=generator, device=device)[:count].to(features.device)
    if is_distributed():
        dist.broadcast(chosen, src=0)
    chosen = chosen - rank_offset(counts)
    here = (chosen >= 0) & (chosen < len(own))
    centroids = features.new_zeros(count, features.shape[1], dtype=working_type(features))
    centroids[here] = l2_normalize(features[own[chosen[here]]].to(centroids))
    return sum_over_ranks(centroids)


def _first_centroids(features: torch.Tensor, initial: torch.Tensor) -> torch.Tensor:
    centroids = initial.to(features.device, working_type(features), copy=True).contiguous()
    if is_distributed():
        dist.broadcast(centroids, src=0)
    lengths = centroids.norm(dim=1)
    wrong = (~((lengths >= SHORTEST) & lengths.isfinite())).nonzero().flatten().tolist()
    if wrong:
        raise ValueError(f'initial centroids without a direction (zero or not finite): {wrong}')
    return l2_normalize(centroids)
