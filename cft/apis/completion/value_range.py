"""Measure which values are black and white in a data set of more than 8 bits."""

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log

from cft.datasets.image_errors import read_image
from cft.engine.shortcuts import set_shortcut
from cft.errors import ConfigError

from .training_images import sample_training_images


def complete_value_range(cfg: Config) -> None:
    """Give ``value_range='dataset'`` the smallest and the largest value of up to 1,000 training images.

    Args:
        cfg: The config, changed in place wherever ``value_range`` is used.

    Raises:
        ConfigError: If none of the images has more than 8 bits, or all their values are the same.
        DataError: If one of them cannot be read.

    Example:
        >>> cfg = load_config('ce/r50_folder', ['data_root=xray', 'value_range=dataset'])  # doctest: +SKIP
        >>> complete_value_range(cfg)  # doctest: +SKIP
        >>> cfg.value_range  # doctest: +SKIP
        [837.0, 1061.0]
    """
    if cfg.get('value_range') != 'dataset':
        return
    sample, number = sample_training_images(cfg)
    low, high = np.inf, -np.inf
    for file in sample:
        image = read_image(file)
        if image.dtype != np.uint8:
            low, high = min(low, float(image.min())), max(high, float(image.max()))
    if not low < high:
        what = (
            f'have no value but {low:g}' if low == high else 'have 8 bits, which need no range; leave value_range out'
        )
        raise ConfigError(f'value_range=dataset: the {len(sample)} training images that were looked at {what}')
    set_shortcut(cfg._cfg_dict, 'value_range', [low, high])
    print_log(f'value_range of {len(sample)} of {number} training images: {low:g},{high:g}', 'current')
