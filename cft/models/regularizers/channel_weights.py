"""How much a labelled task needs each filter of a frozen network: its loss when the filter is masked."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from cft.models.branches import record_calls
from cft.ops import is_distributed

from .stages import Stage, run_from, stages_of

# Of the linear classifier, as in DELTA's released code.
WEIGHT_DECAY = 1e-4
# Images in a pass of the masked network: those of a batch, once for each of several filters.
TOGETHER = 128
LossOf = Callable[[Tensor, Tensor], Tensor]


def classification_loss(logits: Tensor, targets: Tensor, exclusive: bool) -> Tensor:
    """Cross-entropy of (N, K) targets of which exactly one is 1, else the sum of K binary ones; the mean over N.

    Example:
        >>> classification_loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), exclusive=True)
        tensor(0.6931)
    """
    if exclusive:
        return F.cross_entropy(logits, targets.argmax(dim=1))
    return F.binary_cross_entropy_with_logits(logits, targets, reduction='sum') / len(targets)


@torch.enable_grad()
def fit_linear_classifier(features: Tensor, targets: Tensor, exclusive: bool) -> nn.Linear:
    """The linear classifier of frozen features, fitted to the end: the same from run to run.

    Args:
        features: (N, D).
        targets: (N, K) of 0 and 1.
        exclusive: Whether each row has one class.

    Returns:
        From D to K.

    Example:
        >>> rows = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
        >>> classifier = fit_linear_classifier(rows, torch.eye(2).repeat_interleave(2, dim=0), exclusive=True)
        >>> classifier(rows).argmax(dim=1)
        tensor([0, 0, 1, 1])
    """
    wide, targets = features.double(), targets.double()
    mean, scale = wide.mean(dim=0), wide.std(dim=0, correction=0)
    rows = (wide - mean) / scale.masked_fill(scale == 0, 1)
    weight = rows.new_zeros(targets.shape[1], rows.shape[1], requires_grad=True)
    bias = rows.new_zeros(targets.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn='strong_wolfe')

    def objective() -> Tensor:
        optimizer.zero_grad()
        loss = classification_loss(rows @ weight.T + bias, targets, exclusive)
        loss = loss + WEIGHT_DECAY / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(objective)
    classifier = nn.Linear(rows.shape[1], len(bias), device=features.device).requires_grad_(False)
    folded = weight.detach() / scale.masked_fill(scale == 0, 1)
    classifier.weight.copy_(folded)
    classifier.bias.copy_(bias.detach() - folded @ mean)
    if is_distributed():
        # The same to the last bit on all ranks, whatever their devices.
        dist.broadcast(classifier.weight, 0)
        dist.broadcast(classifier.bias, 0)
    return classifier


@torch.no_grad()
def mask_filters(
    network: nn.Module, stages: list[Stage], loss_of: LossOf, batches: Iterable[tuple[Tensor, Tensor]]
) -> dict[str, Tensor]:
    """Mean change of the loss when the output of one filter is 0, for each filter that ends a stage.

    Only what comes behind the filter is computed again. Of several processes,
    which are given the same batches, each masks a part of the filters.

    Args:
        network: A ResNet in eval mode.
        stages: Those of its stages to measure.
        loss_of: From the last map (B, C, h, w) and the targets to the mean loss.
        batches: Images and targets.

    Returns:
        By layer, a change for each filter.

    Example:
        >>> mask_filters(network, stages_of(network), loss_of, [(images, targets)])  # doctest: +SKIP
        {'layer1.1.conv2': tensor([0.0021, ...]), ...}
    """
    every = stages_of(network)
    layers = {stage.layer for stage in stages}
    rank, world = (dist.get_rank(), dist.get_world_size()) if is_distributed() else (0, 1)
    totals: dict[str, Tensor] = {}
    number = 0
    for images, targets in batches:
        number += len(images)
        with contextlib.ExitStack() as stack:
            seen = [stack.enter_context(record_calls(stage.block)) for stage in every]
            whole = loss_of(network(images)[-1], targets)
        for index, stage in enumerate(every):
            if stage.layer not in layers:
                continue
            count = stage.conv.out_channels
            total = totals.setdefault(stage.layer, images.new_zeros(count, dtype=torch.float64))
            own = torch.arange(rank, count, world)
            for channels in own.split(max(1, TOGETHER // len(images))):
                with masked(stage.conv, channels.tolist()):
                    maps = run_from(every, index, seen[index][0][0].repeat(len(channels), 1, 1, 1))
                for channel, part in zip(channels.tolist(), maps.split(len(images)), strict=True):
                    total[channel] += len(images) * (loss_of(part, targets) - whole)
    for total in totals.values():
        if is_distributed():
            dist.all_reduce(total)
    return {layer: total / number for layer, total in totals.items()}


@contextlib.contextmanager
def masked(conv: nn.Module, channels: list[int]) -> Iterator[None]:
    """Let a convolution return 0 for one of its filters, another one in each equal part of the batch.

    Example:
        >>> conv = nn.Conv2d(1, 2, 1)
        >>> with masked(conv, [0, 1]):
        ...     (conv(torch.ones(2, 1, 1, 1)) == 0).flatten(1)
        tensor([[ True, False],
                [False,  True]])
    """

    def clear(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
        output = output.clone()
        size = len(output) // len(channels)
        for position, channel in enumerate(channels):
            output[position * size : (position + 1) * size, channel] = 0
        return output

    handle = conv.register_forward_hook(clear)
    try:
        yield
    finally:
        handle.remove()
