"""Softmax moments and the gradient of their candidates by kernels; what they compute stands where the tiles do."""

import torch
import triton

from cft.ops.normalize import l2_normalize

from .kernels.moments import candidate_gradient_kernel, moments_kernel
from .kernels.tiling import OUT_CHANNELS, tiling
from .statistics import lowest

# Programs that keep a GPU busy: few rows share the candidates out among more of them.
PROGRAMS = 512


def tiled_moments(
    rows: torch.Tensor, candidates: torch.Tensor, own: bool, normalize: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Launch :func:`moments_kernel` on parts of the candidates, and join the parts."""
    # Kernels take any floating-point type; a length needs at least float32.
    candidates = l2_normalize(candidates.to(rows.dtype)) if normalize else candidates
    (count, width), number = rows.shape, len(candidates)
    if not number:
        raise ValueError('a softmax needs at least one candidate')
    sizes = tiling(rows)
    blocks = triton.cdiv(number, sizes['other_block'])
    row_programs = max(triton.cdiv(count, sizes['row_block']), 1)
    part = triton.cdiv(blocks, min(blocks, triton.cdiv(PROGRAMS, row_programs)))
    parts = triton.cdiv(blocks, part)
    largest, total = rows.new_empty(2, parts, count, dtype=torch.float32)
    weighted = rows.new_empty(parts, count, width, dtype=torch.float32)
    if count:
        moments_kernel[row_programs, parts, triton.cdiv(width, OUT_CHANNELS)](
            rows.contiguous(),
            candidates.contiguous(),
            largest,
            total,
            weighted,
            count,
            number,
            part * sizes['other_block'],
            own=own,
            lowest=lowest(torch.float32),
            out_block=OUT_CHANNELS,
            **sizes,
        )
    maximum = largest.amax(dim=0)
    shares = (largest - maximum).exp_()
    total = (total * shares).sum(dim=0)
    mean = torch.einsum('pn,pnd->nd', shares / total, weighted)
    return maximum + total.log(), mean


def candidate_gradient(
    rows: torch.Tensor, candidates: torch.Tensor, logsumexp: torch.Tensor, factors: torch.Tensor
) -> torch.Tensor:
    """Launch :func:`candidate_gradient_kernel`: each program writes rows of its own."""
    number, width = candidates.shape
    sizes = tiling(rows)
    gradient = torch.empty_like(candidates, memory_format=torch.contiguous_format)
    if number:
        candidate_gradient_kernel[triton.cdiv(number, sizes['row_block']), triton.cdiv(width, OUT_CHANNELS)](
            rows.contiguous(),
            candidates.contiguous(),
            logsumexp.contiguous(),
            factors.contiguous(),
            gradient,
            len(rows),
            number,
            out_block=OUT_CHANNELS,
            **sizes,
        )
    return gradient
