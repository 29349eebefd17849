"""Mean and standard deviation of the pixels that a model is trained with."""

from collections.abc import Callable

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log

from cft.datasets.image_errors import checked_reader
from cft.datasets.transforms import LoadImage
from cft.engine.config_nodes import innermost_dataset
from cft.errors import ConfigError
from cft.registry import TRANSFORMS

from .training_images import sample_training_images

CHOICES = ('imagenet', 'dataset', 'backbone')
# What says of a preprocessor that mean and standard deviation are of R, G and B: mmpretrain's, the others'.
RGB_SETTINGS = ('bgr_to_rgb', 'to_rgb')


def complete_normalization(cfg: Config) -> None:
    """Set mean and standard deviation to those of up to 1,000 training images, if ``normalization='dataset'``.

    ``'imagenet'`` and ``'backbone'`` leave the values as they are
    (:func:`cft.apis.completion.backbone_choice.choose_backbone`), and so does a config without ``normalization``.

    Args:
        cfg: The config, changed in place.

    Raises:
        ConfigError: If ``normalization`` is none of the three.
        DataError: If an image cannot be read.

    Example:
        >>> complete_normalization(cfg)  # doctest: +SKIP
    """
    if 'normalization' not in cfg:
        return
    if cfg.normalization not in CHOICES:
        raise ConfigError(f"normalization must be 'imagenet', 'dataset' or 'backbone', got {cfg.normalization!r}")
    if cfg.normalization != 'dataset':
        return
    files, _ = sample_training_images(cfg)
    dataset = innermost_dataset(cfg.train_dataloader.dataset)
    mean, std = channel_statistics(files, _reader(cfg, dataset))
    preprocessor = cfg.model.data_preprocessor
    order = next((name for name in RGB_SETTINGS if name in preprocessor), 'to_rgb')
    preprocessor.update({'mean': mean, 'std': std, order: True})
    print_log(f'normalization of {dataset["data_root"]}: mean {mean}, std {std}', 'current')


def _reader(cfg: Config, dataset: dict) -> Callable[[dict], dict]:
    """What reads the images in training."""
    if not dataset.get('pipeline'):
        return LoadImage()
    with TRANSFORMS.switch_scope_and_registry(cfg.get('default_scope')):
        load = TRANSFORMS.build(dataset['pipeline'][0])
    return checked_reader(load) or load


def channel_statistics(paths: list[str], load: Callable[[dict], dict]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of the R, G and B values (0 to 255) of image files.

    Args:
        paths: Of the files.
        load: The first transform of the training, which adds ``img`` (B, G, R).

    Raises:
        DataError: If a file is no readable image; the message names it.
    """
    pixels, total, squares = 0, np.zeros(3), np.zeros(3)
    for path in paths:
        values = load({'img_path': str(path)})['img'][..., ::-1].reshape(-1, 3).astype(np.float64)
        pixels, total, squares = pixels + len(values), total + values.sum(0), squares + np.square(values).sum(0)
    mean = total / pixels
    std = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    # A constant channel would divide by zero.
    return [round(float(v), 3) for v in mean], [round(float(max(v, 1.0)), 3) for v in std]
