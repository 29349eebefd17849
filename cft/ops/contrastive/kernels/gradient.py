"""The second pass: the gradient of the anchors."""

import triton
import triton.language as tl

from .tiles import inner_products, load_block, store_block


@triton.jit
def derivatives(
    similarities: tl.tensor,
    same: tl.tensor,
    table: tl.tensor,
    rows: tl.tensor,
    count: tl.tensor,
    axis: tl.constexpr,
    products: tl.constexpr,
    squares: tl.constexpr,
) -> tl.tensor:
    """Of the loss by each similarity, through the rows whose weights ``table`` has; they lie along the other axis.

    The (7, count) table is in the order of :class:`Weights`.
    """
    inside = rows < count
    positives = tl.expand_dims(tl.load(table + rows, mask=inside, other=0.0), axis)
    negatives = tl.expand_dims(tl.load(table + count + rows, mask=inside, other=0.0), axis)
    positive = tl.expand_dims(tl.load(table + 2 * count + rows, mask=inside, other=0.0), axis)
    constant = tl.expand_dims(tl.load(table + 3 * count + rows, mask=inside, other=0.0), axis)
    negative = tl.expand_dims(tl.load(table + 4 * count + rows, mask=inside, other=0.0), axis)
    # Each pair is of one kind: one exponential serves both.
    below = similarities - tl.where(same, positives, negatives)
    exponentials = tl.exp(below)
    factors = tl.where(same, positive, negative)
    if products:
        product = tl.expand_dims(tl.load(table + 5 * count + rows, mask=inside, other=0.0), axis)
        factors += tl.where(same, product * below, 0.0)
    if squares:
        square = tl.expand_dims(tl.load(table + 6 * count + rows, mask=inside, other=0.0), axis)
        factors += tl.where(same, 0.0, square * exponentials)
    return exponentials * factors + tl.where(same, constant, 0.0)


@triton.jit
def gradient_kernel(
    gradient: tl.tensor,
    anchors: tl.tensor,
    candidates: tl.tensor,
    anchor_labels: tl.tensor,
    candidate_labels: tl.tensor,
    anchor_weights: tl.tensor,
    candidate_weights: tl.tensor,
    count: tl.tensor,
    candidate_count: tl.tensor,
    scale: tl.tensor,
    own: tl.constexpr,
    products: tl.constexpr,
    squares: tl.constexpr,
    width: tl.constexpr,
    row_block: tl.constexpr,
    other_block: tl.constexpr,
    channel_block: tl.constexpr,
    out_block: tl.constexpr,
    precision: tl.constexpr,
) -> None:
    """One program: some anchors, all candidates, one block of the gradient's channels, to which it adds."""
    rows = tl.program_id(0) * row_block + tl.arange(0, row_block)
    channel = tl.program_id(1) * out_block
    labels = tl.load(anchor_labels + rows, mask=rows < count, other=0)
    total = load_block(gradient, rows, count, channel, width, out_block)
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
        same = labels[:, None] == other_labels[None, :]
        by_similarity = derivatives(similarities, same, anchor_weights, rows, count, 1, products, squares)
        by_similarity += derivatives(
            similarities, same, candidate_weights, others, candidate_count, 0, products, squares
        )
        candidate = (rows < count)[:, None] & (others < candidate_count)[None, :]
        if own:
            candidate = candidate & (rows[:, None] != others[None, :])
        # What is infinite elsewhere is none of the pairs.
        by_similarity = tl.where(candidate, by_similarity, 0.0)
        values = load_block(candidates, others, candidate_count, channel, width, out_block)
        total = tl.dot(by_similarity, values, total, input_precision=precision)
    store_block(gradient, total, rows, count, channel, width, out_block)
