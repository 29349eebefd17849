"""What all kernels are made of: blocks of channels of some rows, and tiles of inner products of them."""

import triton
import triton.language as tl


@triton.jit
def load_block(
    matrix: tl.tensor, rows: tl.tensor, count: tl.tensor, start: tl.tensor, width: tl.constexpr, block: tl.constexpr
) -> tl.tensor:
    """``block`` channels of the rows from ``start`` on, in float32; 0 beyond the (count, width) matrix."""
    channels = start + tl.arange(0, block)
    inside = (rows < count)[:, None] & (channels < width)[None, :]
    values = tl.load(matrix + rows.to(tl.int64)[:, None] * width + channels[None, :], mask=inside, other=0.0)
    return values.to(tl.float32)


@triton.jit
def store_block(
    matrix: tl.tensor,
    values: tl.tensor,
    rows: tl.tensor,
    count: tl.tensor,
    start: tl.tensor,
    width: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """The reverse of :func:`load_block`."""
    channels = start + tl.arange(0, block)
    inside = (rows < count)[:, None] & (channels < width)[None, :]
    tl.store(matrix + rows.to(tl.int64)[:, None] * width + channels[None, :], values, mask=inside)


@triton.jit
def inner_products(
    matrix: tl.tensor,
    rows: tl.tensor,
    count: tl.tensor,
    others: tl.tensor,
    other_rows: tl.tensor,
    other_count: tl.tensor,
    width: tl.constexpr,
    row_block: tl.constexpr,
    other_block: tl.constexpr,
    channel_block: tl.constexpr,
    precision: tl.constexpr,
) -> tl.tensor:
    """(row_block, other_block) products of rows of two matrices, in float32."""
    tile = tl.zeros((row_block, other_block), tl.float32)
    for start in range(0, width, channel_block):
        left = load_block(matrix, rows, count, start, width, channel_block)
        right = load_block(others, other_rows, other_count, start, width, channel_block)
        tile = tl.dot(left, tl.trans(right), tile, input_precision=precision)
    return tile
