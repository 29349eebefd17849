"""Keep the channels of images and convolutions side by side in memory."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from cft.engine.model_access import unwrap_model
from cft.registry import HOOKS


def to_channels_last(model: nn.Module) -> int:
    """Lay out every parameter and buffer of four dimensions as ``torch.channels_last``; returns how many there are.

    A convolution with such a weight gives its output the same layout, and so
    does all that follows; images need no copy of their own. Values and
    checkpoints are the same.

    Args:
        model: Changed in place.

    Example:
        >>> network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        >>> to_channels_last(network), network(torch.zeros(2, 3, 8, 8)).is_contiguous(memory_format=torch.channels_last)
        (1, True)
    """
    tensors = [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.dim() == 4]
    for tensor in tensors:
        tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
    return len(tensors)


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Train a convolutional network with ``torch.channels_last`` tensors, in any task.

    That is the layout that cuDNN's half-precision kernels work in; on CPUs
    oneDNN's, too. What it saves depends on network and machine:
    ``tools/benchmarks/train_step.py CONFIG --with channels_last`` measures it.
    Sums are formed in another order, so that results differ in rounding.

    Example:
        >>> default_hooks = dict(channels_last=dict(type='cft.ChannelsLastHook'))
    """

    # Before checkpoints are read, whose values are copied into the layout that is there, and EMA copies the model.
    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        to_channels_last(unwrap_model(runner.model))
