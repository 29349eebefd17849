"""Softmax of each row over many candidates: its log-sum-exp and mean, and the gradient of the candidates."""

import triton
import triton.language as tl

from .tiles import inner_products, load_block, store_block


@triton.jit
def moments_kernel(
    matrix: tl.tensor,
    candidates: tl.tensor,
    largest_out: tl.tensor,
    total_out: tl.tensor,
    mean_out: tl.tensor,
    count: tl.tensor,
    candidate_count: tl.tensor,
    part: tl.tensor,
    own: tl.constexpr,
    lowest: tl.constexpr,
    width: tl.constexpr,
    row_block: tl.constexpr,
    other_block: tl.constexpr,
    channel_block: tl.constexpr,
    out_block: tl.constexpr,
    precision: tl.constexpr,
) -> None:
    """One program: some rows, ``part`` consecutive candidates, one block of the mean's channels."""
    rows = tl.program_id(0) * row_block + tl.arange(0, row_block)
    first = tl.program_id(1) * part
    channel = tl.program_id(2) * out_block
    largest = tl.full((row_block,), lowest, tl.float32)
    total = tl.zeros((row_block,), tl.float32)
    weighted = tl.zeros((row_block, out_block), tl.float32)
    for start in range(first, tl.minimum(first + part, candidate_count), other_block):
        others = start + tl.arange(0, other_block)
        logits = inner_products(
            matrix,
            rows,
            count,
            candidates,
            others,
            candidate_count,
            width,
            row_block,
            other_block,
            channel_block,
            precision,
        )
        counted = (others < candidate_count)[None, :]
        if own:
            counted = counted & ((rows % candidate_count)[:, None] != others[None, :])
        larger = tl.maximum(largest, tl.max(tl.where(counted, logits, lowest), axis=1))
        weights = tl.where(counted, tl.exp(logits - larger[:, None]), 0.0)
        shrinkage = tl.exp(largest - larger)
        largest = larger
        total = total * shrinkage + tl.sum(weights, axis=1)
        values = load_block(candidates, others, candidate_count, channel, width, out_block)
        weighted = tl.dot(weights, values, weighted * shrinkage[:, None], input_precision=precision)
    # A table of (rows, ...) for each part.
    place = tl.program_id(1).to(tl.int64) * count
    if channel == 0:
        tl.store(largest_out + place + rows, largest, mask=rows < count)
        tl.store(total_out + place + rows, total, mask=rows < count)
    store_block(mean_out + place * width, weighted, rows, count, channel, width, out_block)


@triton.jit
def candidate_gradient_kernel(
    matrix: tl.tensor,
    candidates: tl.tensor,
    logsumexp: tl.tensor,
    factors: tl.tensor,
    gradient: tl.tensor,
    count: tl.tensor,
    candidate_count: tl.tensor,
    width: tl.constexpr,
    row_block: tl.constexpr,
    other_block: tl.constexpr,
    channel_block: tl.constexpr,
    out_block: tl.constexpr,
    precision: tl.constexpr,
) -> None:
    """One program: some candidates, all rows, one block of the gradient's channels."""
    candidate_rows = tl.program_id(0) * row_block + tl.arange(0, row_block)
    channel = tl.program_id(1) * out_block
    total = tl.zeros((row_block, out_block), tl.float32)
    for start in range(0, count, other_block):
        rows = start + tl.arange(0, other_block)
        inside = rows < count
        logits = inner_products(
            candidates,
            candidate_rows,
            candidate_count,
            matrix,
            rows,
            count,
            width,
            row_block,
            other_block,
            channel_block,
            precision,
        )
        sums = tl.load(logsumexp + rows, mask=inside, other=0.0)
        factor = tl.load(factors + rows, mask=inside, other=0.0)
        weights = tl.where(inside[None, :], tl.exp(logits - sums[None, :]) * factor[None, :], 0.0)
        values = load_block(matrix, rows, count, channel, width, out_block)
        total = tl.dot(weights, values, total, input_precision=precision)
    store_block(gradient, total, candidate_rows, candidate_count, channel, width, out_block)
