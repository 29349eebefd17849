"""The two passes of supervised losses by kernels; what they compute stands where the tiles do."""

import torch
import triton

from .kernels.gradient import gradient_kernel
from .kernels.statistics import statistics_kernel
from .kernels.tiling import OUT_CHANNELS, tiling
from .rows import Rows
from .statistics import Statistics, Weights, lowest


def row_statistics(
    anchors: Rows, candidates: Rows, temperature: float, *, entropy: bool = False, squares: bool = False
) -> Statistics:
    """Launch :func:`statistics_kernel`, one program for some anchors each."""
    count = len(anchors.labels)
    sizes = tiling(anchors.rows)
    found = torch.empty(5, count, dtype=torch.float32, device=anchors.rows.device)
    if count:
        statistics_kernel[(triton.cdiv(count, sizes['row_block']),)](
            anchors.rows.contiguous(),
            candidates.rows.contiguous(),
            anchors.labels.contiguous(),
            candidates.labels.contiguous(),
            *found,
            count,
            len(candidates.labels),
            1 / temperature,
            own=candidates is anchors,
            entropy=entropy,
            squares=squares,
            lowest=lowest(torch.float32),
            **sizes,
        )
    positives, negatives, positive_sum, positive_entropy, squared_negatives = found
    return Statistics(
        positives,
        negatives,
        positive_sum,
        positive_entropy if entropy else None,
        squared_negatives if squares else None,
    )


def add_gradient(
    gradient: torch.Tensor,
    anchors: Rows,
    candidates: Rows,
    temperature: float,
    anchor_weights: Weights,
    candidate_weights: Weights,
) -> None:
    """Launch :func:`gradient_kernel`: each program adds to rows of its own, so the order of sums is always the same."""
    count, width = anchors.rows.shape
    sizes = tiling(anchors.rows)
    if count:
        gradient_kernel[triton.cdiv(count, sizes['row_block']), triton.cdiv(width, OUT_CHANNELS)](
            gradient,
            anchors.rows.contiguous(),
            candidates.rows.contiguous(),
            anchors.labels.contiguous(),
            candidates.labels.contiguous(),
            _table(anchor_weights),
            _table(candidate_weights),
            count,
            len(candidates.labels),
            1 / temperature,
            own=candidates is anchors,
            products=anchor_weights.product is not None,
            squares=anchor_weights.square is not None,
            out_block=OUT_CHANNELS,
            **sizes,
        )


def _table(weights: Weights) -> torch.Tensor:
    """(7, n), zeros for what there is not."""
    absent = torch.zeros_like(weights.constant)
    return torch.stack([absent if each is None else each for each in weights])
