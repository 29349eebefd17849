"""A linear classifier that learns beside a model from its features."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from mmengine.registry import OPTIMIZERS
from torch import Tensor, nn

from cft.engine.encoding import UNLABELLED
from cft.ops import full_precision, is_distributed, l2_normalize


class LinearProbe:
    """Softmax regression on l2-normalised features times sqrt(D), by an optimiser of its own.

    It starts from zeros and draws no random numbers; features are taken without
    gradient. Each batch is classified first and learnt from afterwards, so that
    the accuracy is one on images as they had not been seen. With several
    processes each step is that on the joined batch. Rows without a label or
    with numbers that are not finite are left out. No step waits for the device.

    Args:
        width: D.
        num_classes: C.
        optimizer: Config of a ``torch.optim`` optimiser.
        device: Where the features are.

    Example:
        >>> probe = LinearProbe(2, 2, dict(type='SGD', lr=1.0), torch.device('cpu'))
        >>> for _ in range(2):
        ...     probe.step(torch.eye(2), torch.tensor([0, 1]))
        >>> probe.counts
        tensor([3., 4.])
    """

    def __init__(self, width: int, num_classes: int, optimizer: dict, device: torch.device) -> None:
        self.weight = nn.Parameter(torch.zeros(num_classes, width, device=device))
        self.bias = nn.Parameter(torch.zeros(num_classes, device=device))
        # Of rows classified right and of all, since the last reset.
        self.counts = torch.zeros(2, device=device)
        self.optimizer = OPTIMIZERS.build({**optimizer, 'params': [self.weight, self.bias]})

    @torch.no_grad()
    def step(self, features: Tensor, labels: Tensor) -> None:
        """Classify a batch, then learn from it.

        Args:
            features: (N, D).
            labels: (N,) integers below C; -1: not known.
        """
        known = features.isfinite().all(dim=1) & (labels != UNLABELLED)
        labels = labels.masked_fill(~known, UNLABELLED)
        right, gradient = self._right_and_gradient(features.masked_fill(~known[:, None], 0), labels)
        joined = torch.cat([gradient, torch.stack([right, known.sum()])])
        if is_distributed():
            dist.all_reduce(joined)
        self.counts += joined[-2:]
        mean = joined[:-2] / joined[-1].clamp(min=1)
        for_weight, self.bias.grad = mean.split((self.weight.numel(), len(self.bias)))
        self.weight.grad = for_weight.view_as(self.weight)
        self.optimizer.step()

    @full_precision
    def _right_and_gradient(self, features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        rows = l2_normalize(features) * features.shape[1] ** 0.5
        logits = F.linear(rows, self.weight, self.bias)
        # Of the summed cross-entropy: softmax - one-hot, 0 for unknown rows.
        error = logits.softmax(dim=1)
        error.scatter_add_(1, labels.clamp(min=0)[:, None], -torch.ones_like(rows[:, :1]))
        error.masked_fill_((labels == UNLABELLED)[:, None], 0)
        right = (logits.argmax(dim=1) == labels).sum()
        return right, torch.cat([(error.T @ rows).flatten(), error.sum(dim=0)])

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser and counts, in plain containers."""
        parameters = {'weight': self.weight.detach(), 'bias': self.bias.detach()}
        return {**parameters, 'counts': self.counts, 'optimizer': self.optimizer.state_dict()}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on as the probe whose :meth:`state_dict` it was."""
        for name in ('weight', 'bias', 'counts'):
            getattr(self, name).copy_(state[name])
        self.optimizer.load_state_dict(state['optimizer'])
