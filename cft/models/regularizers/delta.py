"""DELTA: the maps of the fine-tuned network near those of its source (Li et al., ICLR 2019)."""

import contextlib
import copy
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from cft.models.branches import record_calls
from cft.registry import MODELS

from .channel_weights import classification_loss, fit_linear_classifier, mask_filters
from .distance import half_squared_distance
from .l2sp import check_factors
from .source import SourceWeights, weights_of_layers
from .stages import stages_of, trained_stages
from .term import Examples, Term

Calls = list[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Seen:
    """What passed through the backbone: its calls, and those of the convolutions by layer."""

    backbone: Calls
    maps: dict[str, Calls]


@MODELS.register_module()
class DELTA(Term):
    """Weighted distance of a ResNet's maps to those of the frozen source network (arXiv 1901.09229).

    ``alpha/2 sum_l sum_j C_l W_lj ||FM_lj(w, x) - FM_lj(w0, x)||^2 / (h_l w_l)``, the mean over images and views,
    plus ``beta/2 ||w_new||^2`` over the new weights. Layer l is the last
    convolution of each stage with C_l filters, its maps are taken before the
    norm; stages that cannot change are left out. Factors C and 1/(h w) are
    those of the authors' code. The source network runs in eval mode.

    The attention W is the softmax, over the filters of a layer, of what masking
    the filter does to the loss of the *target* task: a linear classifier on
    the source's frozen, pooled features is fitted to training images, since
    self-supervised networks have no source loss. Where an image has more than
    one class (segmentation, detection, several labels), the classifier tells
    which classes are there, by binary cross-entropies. W is measured once,
    before training.

    Like L2-SP it takes the place of the optimiser's weight decay.

    Args:
        alpha: Factor of the maps' distance. The authors' code sums over a
            batch of 64 and runs 0.01, which is 0.64 here.
        beta: Factor of the new weights; the authors' 0.01.
        temperature: None for the softmax of the plain changes, as in the
            paper; a number divides the standardised changes by it before the
            softmax, as the authors' code does with 5.
        images: Most training images of the classifier.
        masked_images: Images on which filters are masked; the authors' 4 batches of 32.

    Raises:
        ConfigError: If a setting is out of range, the backbone is no ResNet or wholly frozen.

    Example:
        >>> model = dict(regularizers=[dict(type='cft.DELTA', alpha=0.64, beta=0.01)])
    """

    loss_name = 'loss_delta'
    needs_source = True

    def __init__(
        self,
        alpha: float = 0.64,
        beta: float = 0.01,
        temperature: float | None = None,
        images: int = 5000,
        masked_images: int = 128,
    ) -> None:
        check_factors('DELTA', alpha=alpha, beta=beta, temperature=temperature or 0)
        check_factors('DELTA', images=images - 1, masked_images=masked_images - 1)
        self.alpha, self.beta, self.temperature = alpha, beta, temperature
        self.images, self.masked_images = images, masked_images

    def check(self, model: nn.Module) -> None:
        trained_stages(model.backbone)

    def begin(self, model: nn.Module, source: SourceWeights | None, examples: Examples | None) -> None:
        super().begin(model, source, examples)
        self._network = source_network(model, self.source)
        stages = trained_stages(model.backbone)
        if not self.source.channel_weights and examples is not None:
            count = sum(stage.conv.out_channels for stage in stages)
            print_log(f'DELTA masks each of {count} filters of the source network', 'current', logging.INFO)
            self.source.channel_weights = self._measure(model, examples)
        self._weights = {
            # Nothing is measured for a trial: all filters alike.
            stage.layer: self.source.channel_weights.get(
                stage.layer, torch.full((stage.conv.out_channels,), 1 / stage.conv.out_channels)
            ).to(next(self._network.parameters()))
            for stage in stages
        }

    def _measure(self, model: nn.Module, examples: Examples) -> dict[str, Tensor]:
        with torch.no_grad():
            rows = [
                (self._network(images)[-1].mean(dim=(2, 3)), labels, exclusive)
                for images, labels, exclusive in examples(self.images)
            ]
        features, targets, (exclusive, *_) = zip(*rows, strict=True)
        classifier = fit_linear_classifier(torch.cat(features), torch.cat(targets), exclusive)

        def loss_of(maps: Tensor, labels: Tensor) -> Tensor:
            return classification_loss(classifier(maps.mean(dim=(2, 3))), labels, exclusive)

        own = {stage.layer for stage in trained_stages(model.backbone)}
        stages = [stage for stage in stages_of(self._network) if stage.layer in own]
        batches = ((images, labels) for images, labels, _ in examples(self.masked_images))
        changes = mask_filters(self._network, stages, loss_of, batches)
        return {layer: attention(change, self.temperature).float().cpu() for layer, change in changes.items()}

    @contextlib.contextmanager
    def watch(self, model: nn.Module) -> Iterator[Seen]:
        backbone = model.get_submodule('backbone')
        with watch_maps(backbone, [stage.layer for stage in trained_stages(backbone)]) as seen:
            yield seen

    def loss(self, model: nn.Module, seen: Seen) -> Tensor:
        self.source  # noqa: B018 - says what is missing before anything else does
        total: Any = 0.0
        with torch.no_grad(), watch_maps(self._network, list(seen.maps)) as before:
            for inputs, _ in seen.backbone:
                self._network(inputs)
        for layer, calls in seen.maps.items():
            for (_, maps), (_, source) in zip(calls, before.maps[layer], strict=True):
                total = total + map_distance(maps, source, self._weights[layer])
        loss = self.alpha * total / sum(len(inputs) for inputs, _ in seen.backbone)
        new = list(weights_of_layers(model)[1].values())
        return loss + self.beta * half_squared_distance(new) if new else loss


def attention(changes: Tensor, temperature: float | None) -> Tensor:
    """Weights of the filters of a layer, of sum 1, from the (C,) changes of the loss; see :class:`DELTA`.

    Example:
        >>> attention(torch.tensor([0.0, 0.0]), None)
        tensor([0.5000, 0.5000])
    """
    if temperature is None:
        return changes.softmax(dim=0)
    scale = changes.std(correction=0)
    return ((changes - changes.mean()) / scale.masked_fill(scale == 0, 1) / temperature).softmax(dim=0)


def map_distance(maps: Tensor, source: Tensor, weights: Tensor) -> Tensor:
    """``1/2 sum_ij C W_j ||maps_ij - source_ij||^2 / (h w)`` of (B, C, h, w) maps, in float32 or wider.

    Example:
        >>> map_distance(torch.ones(1, 2, 3, 3), torch.zeros(1, 2, 3, 3), torch.tensor([0.5, 0.5]))
        tensor(1.)
    """
    kind = torch.promote_types(maps.dtype, torch.float32)
    distances = (maps.to(kind) - source.to(kind)).square().mean(dim=(2, 3))
    return 0.5 * maps.shape[1] * (distances * weights.to(kind)).sum()


@contextlib.contextmanager
def watch_maps(backbone: nn.Module, layers: list[str]) -> Iterator[Seen]:
    """Collect the calls of a backbone inside the block, and those of some of its convolutions."""
    with contextlib.ExitStack() as stack:
        maps = {layer: stack.enter_context(record_calls(backbone.get_submodule(layer))) for layer in layers}
        yield Seen(stack.enter_context(record_calls(backbone)), maps)


def source_network(model: nn.Module, source: SourceWeights) -> nn.Module:
    """The backbone of a model as it was, frozen, in eval mode; it shares its tensors with the source weights."""
    backbone = model.get_submodule('backbone')
    names = list(backbone.state_dict())
    device = next(backbone.parameters()).device
    network = copy.deepcopy(backbone)
    tensors = source.take([f'backbone.{name}' for name in names], device)
    network.load_state_dict(dict(zip(names, tensors, strict=True)), assign=True)
    # OpenMMLab's backbones return nothing from it.
    network.eval()
    return network.requires_grad_(False)
