"""BatchNorm of one process for inputs of any shape, as SyncBN takes them."""

from torch import Tensor, nn

from cft.registry import MODELS


@MODELS.register_module('LocalBN')
class LocalBatchNorm(nn.BatchNorm2d):
    """What SyncBN becomes where there is no CUDA: (N, C) vectors and (N, C, ...) maps alike.

    Parameter and buffer names are those of SyncBN and BatchNorm.

    Example:
        >>> LocalBatchNorm(3)(torch.randn(4, 3)).shape
        torch.Size([4, 3])
    """

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 - the name that torch gives it
        if input.dim() < 2:
            raise ValueError(f'expected (N, C, ...) input, got shape {tuple(input.shape)}')
