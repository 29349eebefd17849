"""The first pass: statistics of each anchor's similarities to its positives and to its negatives."""

import triton
import triton.language as tl

from .tiles import inner_products


@triton.jit
def log_sum(largest: tl.tensor, total: tl.tensor, lowest: tl.constexpr) -> tl.tensor:
    """Log of ``total e^largest``; ``lowest`` for a sum of nothing."""
    return tl.where(total == 0.0, lowest, tl.maximum(largest + tl.log(total), lowest))


@triton.jit
def statistics_kernel(
    anchors: tl.tensor,
    candidates: tl.tensor,
    anchor_labels: tl.tensor,
    candidate_labels: tl.tensor,
    positives_out: tl.tensor,
    negatives_out: tl.tensor,
    positive_sum_out: tl.tensor,
    positive_entropy_out: tl.tensor,
    squared_negatives_out: tl.tensor,
    count: tl.tensor,
    candidate_count: tl.tensor,
    scale: tl.tensor,
    own: tl.constexpr,
    entropy: tl.constexpr,
    squares: tl.constexpr,
    lowest: tl.constexpr,
    width: tl.constexpr,
    row_block: tl.constexpr,
    other_block: tl.constexpr,
    channel_block: tl.constexpr,
    precision: tl.constexpr,
) -> None:
    """One program: some anchors, all candidates."""
    rows = tl.program_id(0) * row_block + tl.arange(0, row_block)
    labels = tl.load(anchor_labels + rows, mask=rows < count, other=0)
    # The largest similarities so far, and sums of e^d, where d is how far a similarity lies below the largest one.
    positive_largest = tl.full((row_block,), lowest, tl.float32)
    negative_largest = tl.full((row_block,), lowest, tl.float32)
    positive_total = tl.zeros((row_block,), tl.float32)
    negative_total = tl.zeros((row_block,), tl.float32)
    product_total = tl.zeros((row_block,), tl.float32)
    square_total = tl.zeros((row_block,), tl.float32)
    positive_sum = tl.zeros((row_block,), tl.float32)
    for start in range(0, candidate_count, other_block):
        others = start + tl.arange(0, other_block)
        other_labels = tl.load(candidate_labels + others, mask=others < candidate_count, other=0)
        similarities = scale * inner_products(
            anchors,
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
        candidate = (rows < count)[:, None] & (others < candidate_count)[None, :]
        if own:
            candidate = candidate & (rows[:, None] != others[None, :])
        same = labels[:, None] == other_labels[None, :]

        largest = tl.max(tl.where(candidate & same, similarities, lowest), axis=1)
        largest = tl.maximum(positive_largest, largest)
        positive_change = positive_largest - largest
        positive_largest = largest
        largest = tl.max(tl.where(candidate & (same == 0), similarities, lowest), axis=1)
        largest = tl.maximum(negative_largest, largest)
        negative_change = negative_largest - largest
        negative_largest = largest

        # Each pair is of one kind: one exponential serves both.
        below = similarities - tl.where(same, positive_largest[:, None], negative_largest[:, None])
        exponentials = tl.where(candidate, tl.exp(below), 0.0)
        if entropy:
            products = tl.where(candidate & same, exponentials * below, 0.0)
            product_total = (product_total + positive_change * positive_total) * tl.exp(positive_change)
            product_total += tl.sum(products, axis=1)
        if squares:
            of_negatives = tl.where(same, 0.0, exponentials * exponentials)
            square_total = square_total * tl.exp(2.0 * negative_change) + tl.sum(of_negatives, axis=1)
        positive_total = positive_total * tl.exp(positive_change) + tl.sum(tl.where(same, exponentials, 0.0), axis=1)
        negative_total = negative_total * tl.exp(negative_change) + tl.sum(tl.where(same, 0.0, exponentials), axis=1)
        positive_sum += tl.sum(tl.where(candidate & same, similarities, 0.0), axis=1)
    inside = rows < count
    tl.store(positives_out + rows, log_sum(positive_largest, positive_total, lowest), mask=inside)
    tl.store(negatives_out + rows, log_sum(negative_largest, negative_total, lowest), mask=inside)
    tl.store(positive_sum_out + rows, positive_sum, mask=inside)
    if entropy:
        # The largest one's own exponential is 1; a sum below it is that of nothing.
        sums = tl.maximum(positive_total, 1.0)
        tl.store(positive_entropy_out + rows, tl.log(sums) - product_total / sums, mask=inside)
    if squares:
        squared = log_sum(2.0 * negative_largest, square_total, lowest)
        tl.store(squared_negatives_out + rows, squared, mask=inside)
