"""A trained model as one graph from pixels to what a user asks of it."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cft.errors import ConfigError


class _SlicedPools(TorchFunctionMode):
    """Max-pooling with a stride as every pixel's, of which each second is kept: the same numbers.

    What PyTorch computes for the size of a strided one makes its tracing ask
    whether the size is even; the graph would be valid for such images alone.
    """

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.max_pool2d, F.max_pool2d):
            return _sliced_pool(*args, **kwargs)
        return func(*args, **kwargs)


def _sliced_pool(
    image: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    if ceil_mode or return_indices:
        pool: Any = F.max_pool2d
        return pool(image, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    step = stride or kernel_size
    rows, columns = (step, step) if isinstance(step, int) else step
    return F.max_pool2d(image, kernel_size, 1, padding, dilation)[..., ::rows, ::columns]


class ExportGraph(nn.Module):
    """From (N, 3, H, W) float images, R, G, B with values of 0 to 255, to a tuple of outputs.

    The graph normalises the images itself, as the model's data preprocessor does, so that nobody else has to.

    Args:
        model: Of mmpretrain, mmseg or mmdet, with its weights; put into evaluation mode.

    Attributes:
        outputs: Their names; of a varying number the one before the number.
        takes_rgb: Whether the network was trained on R, G, B.

    Example:
        >>> graph = ClassificationGraph(runner.model)  # doctest: +SKIP
        >>> logits, probabilities = graph(torch.rand(2, 3, 224, 224) * 255)  # doctest: +SKIP
    """

    outputs: tuple[str, ...]
    model: Any
    mean: Tensor
    std: Tensor

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model.eval()
        preprocessor: Any = model.data_preprocessor
        # OpenMMLab reads B, G, R, and these settings turn it into what the network was trained on.
        self.takes_rgb = bool(
            getattr(preprocessor, 'to_rgb', False) or getattr(preprocessor, '_channel_conversion', False)
        )
        normalises = getattr(preprocessor, '_enable_normalize', False)
        self.register_buffer('mean', preprocessor.mean.clone() if normalises else torch.zeros(3, 1, 1))
        self.register_buffer('std', preprocessor.std.clone() if normalises else torch.ones(3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Outputs of a batch."""
        ordered = image if self.takes_rgb else image.flip(1)
        with _SlicedPools():
            return self.outputs_of((ordered - self.mean) / self.std)

    def outputs_of(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Outputs of what the network takes."""
        raise NotImplementedError

    def values(self, name: str) -> list[float]:
        """``mean`` or ``std`` in the order R, G, B."""
        found = self.get_buffer(name).flatten().tolist()
        return found if self.takes_rgb else found[::-1]


class ClassificationGraph(ExportGraph):
    """(N, K) logits, and their softmax or, where an image may have several labels, their sigmoid."""

    outputs = ('logits', 'probabilities')

    def outputs_of(self, inputs: Tensor) -> tuple[Tensor, ...]:
        logits = self.model.head(self.model.extract_feat(inputs))
        several = 'MultiLabel' in type(self.model.head).__name__
        return logits, torch.sigmoid(logits) if several else torch.softmax(logits, dim=1)


class SegmentationGraph(ExportGraph):
    """(N, K, H, W) logits of the size of the image."""

    outputs = ('logits',)

    def outputs_of(self, inputs: Tensor) -> tuple[Tensor, ...]:
        return (self.model.encode_decode(inputs, [{'img_shape': tuple(inputs.shape[2:])}]),)


class EmbeddingGraph(ExportGraph):
    """(N, D) features after the neck, as they are: pooled if they are maps, not normalised."""

    outputs = ('embedding',)

    def outputs_of(self, inputs: Tensor) -> tuple[Tensor, ...]:
        features = self.model.extract_feat(inputs)[-1]
        return (features.flatten(2).mean(dim=2) if features.dim() == 4 else features,)


class MapsGraph(ExportGraph):
    """All (N, C, h, w) maps that the backbone and the neck give."""

    outputs = ('map',)

    def outputs_of(self, inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.model.extract_feat(inputs))


def build_graph(model: Any, scope: str, embedding: bool) -> ExportGraph:
    """The graph for a task.

    Args:
        model: As of :class:`ExportGraph`.
        scope: ``default_scope`` of its config.
        embedding: Features instead of predictions.

    Raises:
        ConfigError: If the task, or this model, cannot be exported so; with what can.
    """
    if embedding:
        return EmbeddingGraph(model) if scope == 'mmpretrain' else MapsGraph(model)
    if scope == 'mmdet':
        raise ConfigError(
            'a detector cannot be exported as a whole, because its proposals and their suppression depend on the '
            'image; --embedding exports the feature maps of its backbone and neck'
        )
    if scope == 'mmpretrain':
        if getattr(model, 'head', None) is None:
            raise ConfigError('the model has no head that classifies; --embedding exports its features')
        return ClassificationGraph(model)
    if model.test_cfg.get('mode', 'whole') != 'whole':
        raise ConfigError(
            f'model.test_cfg.mode={model.test_cfg.mode!r} is a loop over windows of an image; export the network for '
            'whole images with model.test_cfg.mode=whole, or its feature maps with --embedding'
        )
    return SegmentationGraph(model)
