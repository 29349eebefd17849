"""BatchNorm of all processes that needs no conversion where there is only one."""

from typing import cast

from torch import Tensor, nn

from cft.ops import is_distributed

from .local import LocalBatchNorm


class SynchronisedBatchNorm(LocalBatchNorm):
    """SyncBN, which in a run of one process is the BatchNorm of that process, on any device.

    MMEngine replaces torch's own layer there, together with what a subclass
    adds to it; this one it leaves alone. Parameter and buffer names are those
    of SyncBN and BatchNorm.

    Example:
        >>> import torch
        >>> SynchronisedBatchNorm(3)(torch.randn(4, 3)).shape
        torch.Size([4, 3])
    """

    process_group = None
    _check_non_zero_input_channels = nn.SyncBatchNorm._check_non_zero_input_channels

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that torch gives it
        """Normalise (N, C) vectors or (N, C, ...) maps."""
        if self.training and is_distributed():
            return nn.SyncBatchNorm.forward(cast(nn.SyncBatchNorm, self), input)
        return super().forward(input)
