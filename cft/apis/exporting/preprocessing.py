"""How an image becomes the input of an exported graph, as data that any program can follow."""

from collections.abc import Callable

import torch
from mmengine.config import Config
from torch import Tensor

from cft.engine.config_nodes import innermost_dataset
from cft.errors import ConfigError

from .graph import ExportGraph

LIBRARIES = {'cv2': 'opencv', 'pillow': 'pillow'}


def reading_rule(cfg: Config) -> dict:
    """How an image file is read before the steps of :func:`preprocessing_steps`.

    Args:
        cfg: With ``test_dataloader``.
    """
    first = (innermost_dataset(cfg.test_dataloader.dataset)['pipeline'] or [{}])[0]
    value_range = first.get('value_range')
    return {
        'orientation': 'turned as EXIF says',
        'transparency': 'over white',
        'frame': 'the first',
        'colour_order': 'RGB',
        # Of more than 8 bits: clipped to it and scaled to 0 to 255, rounded.
        'value_range': None if value_range is None else list(value_range),
    }


def preprocessing_steps(cfg: Config, graph: ExportGraph) -> list[dict]:
    """The steps between reading and the graph.

    - ``resize_edge``: the ``short``, ``long``, ``width`` or ``height`` edge
      becomes ``size``, the other ``int(size * other / edge)``;
    - ``resize``: to ``width`` and ``height``; with ``keep_ratio`` to
      ``int(side * scale + 0.5)``, where ``scale`` is the largest that keeps the
      long side within the larger and the short one within the smaller of both;
    - ``centre_crop``: from ``max(0, round((side - size) / 2))``, halves to the even number, ``size`` pixels or fewer;
    - ``pad``: at the right and at the bottom, to multiples of ``multiple_of``, with ``value``.

    ``library`` says whose ``interpolation`` it is: Pillow's averages when it shrinks, OpenCV's does not.

    Args:
        cfg: With ``test_dataloader``.
        graph: Of the model.

    Raises:
        ConfigError: If the test pipeline does more than that.
    """
    steps: list[dict] = []
    for step in innermost_dataset(cfg.test_dataloader.dataset)['pipeline']:
        kind = str(step['type']).split('.')[-1]
        if kind.startswith(('Load', 'Pack')):
            continue
        rule = STEPS[kind](step) if kind in STEPS else None
        if rule is None:
            raise ConfigError(
                f'the test pipeline has {step}, which the file of the preprocessing cannot say; it can say '
                f'{", ".join(STEPS)} of whole sizes'
            )
        steps.append(rule)
    return [*steps, *_padding(graph)]


def _resize_edge(step: dict) -> dict | None:
    return {'step': 'resize_edge', 'edge': step.get('edge', 'short'), 'size': step['scale'], **_interpolation(step)}


def _resize(step: dict) -> dict | None:
    scale = step.get('scale')
    width, height = (scale, scale) if isinstance(scale, int) else scale or (None, None)
    if not isinstance(width, int) or not isinstance(height, int):
        return None
    sizes = {'width': width, 'height': height, 'keep_ratio': bool(step.get('keep_ratio', False))}
    return {'step': 'resize', **sizes, **_interpolation(step)}


def _centre_crop(step: dict) -> dict | None:
    size = step['crop_size']
    width, height = (size, size) if isinstance(size, int) else size
    return None if step.get('auto_pad') else {'step': 'centre_crop', 'width': width, 'height': height}


def _interpolation(step: dict) -> dict:
    return {'interpolation': step.get('interpolation', 'bilinear'), 'library': LIBRARIES[step.get('backend', 'cv2')]}


# By the name of a transform, without its scope.
STEPS: dict[str, Callable[[dict], dict | None]] = {
    'ResizeEdge': _resize_edge,
    'Resize': _resize,
    'CenterCrop': _centre_crop,
}


def _padding(graph: ExportGraph) -> list[dict]:
    preprocessor = graph.model.data_preprocessor
    multiple, value = getattr(preprocessor, 'pad_size_divisor', 1), getattr(preprocessor, 'pad_value', 0)
    if hasattr(preprocessor, 'seg_pad_val'):
        # mmseg pads its test images by settings of their own.
        settings = preprocessor.test_cfg or {}
        multiple, value = settings.get('size_divisor') or 1, preprocessor.pad_val
        if settings.get('size') is not None:
            raise ConfigError(
                'model.data_preprocessor.test_cfg.size pads test images to one size, which is not exported; set '
                'model.data_preprocessor.test_cfg=None or a size_divisor'
            )
    if multiple == 1:
        return []
    pixels = [mean + std * float(value) for mean, std in zip(graph.values('mean'), graph.values('std'), strict=True)]
    return [{'step': 'pad', 'multiple_of': multiple, 'value': pixels}]


def padded(image: Tensor, steps: list[dict]) -> Tensor:
    """Follow the step ``pad``, if there is one.

    Args:
        image: (N, 3, H, W), R, G, B.
        steps: From :func:`preprocessing_steps`.

    Example:
        >>> padded(torch.zeros(1, 3, 5, 8), [dict(step='pad', multiple_of=4, value=[1.0, 2.0, 3.0])])[0, :, 7, 0]
        tensor([1., 2., 3.])
    """
    for step in steps:
        if step['step'] == 'pad':
            height, width = image.shape[2:]
            below, right = -height % step['multiple_of'], -width % step['multiple_of']
            canvas = torch.tensor(step['value'])[:, None, None].repeat(len(image), 1, height + below, width + right)
            canvas[..., :height, :width] = image
            image = canvas
    return image
