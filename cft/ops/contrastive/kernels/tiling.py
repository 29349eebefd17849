"""How large the tiles of a program are, and how products are taken."""

from typing import Any

import torch

# Channels that one program writes. Where there are more, each further block computes the similarities again.
OUT_CHANNELS = 128


def tiling(rows: torch.Tensor) -> dict[str, Any]:
    """Arguments that all kernels have in common, for these (N, D) rows.

    Products of float32 are those of ``torch.matmul``: true ones unless
    ``torch.backends.cuda.matmul.allow_tf32`` is set. Shorter types are exact in TF32.

    Example:
        >>> tiling(torch.zeros(2, 16))['precision'], tiling(torch.zeros(2, 16, dtype=torch.bfloat16))['precision']
        ('ieee', 'tf32')
    """
    true_products = rows.dtype == torch.float32 and not torch.backends.cuda.matmul.allow_tf32
    # Without tensor cores the operands of a product are held in registers.
    small = 32 if true_products else 64
    return {
        'width': rows.shape[1],
        'row_block': 64,
        'other_block': small,
        'channel_block': small,
        'precision': 'ieee' if true_products else 'tf32',
        'num_warps': 8,
        'num_stages': 2,
    }
