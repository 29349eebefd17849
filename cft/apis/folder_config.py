"""Fill in what a config for an image folder leaves to the folder."""

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log

from cft.datasets.image_folder import ImageFolder, find_classes, train_folder
from cft.errors import ConfigError

from .config import innermost_dataset

SAMPLE_SIZE = 1000


def complete_folder_config(cfg: Config) -> None:
    """Set the number of classes and the normalisation of an image-folder config.

    - ``model.head.num_classes = None`` becomes the number of class folders.
    - ``normalization = 'dataset'`` sets mean and standard deviation to those of
      up to 1,000 training images; ``'imagenet'`` leaves the config's values.

    Configs without a :class:`cft.datasets.ImageFolder` are left alone.

    Args:
        cfg: The config, changed in place.

    Raises:
        ConfigError: If the folder is missing or empty, or ``normalization`` is unknown.
    """
    dataset = innermost_dataset(cfg.get('train_dataloader', {}).get('dataset', {}))
    if dataset.get('type') != 'cft.ImageFolder':
        return
    folder = train_folder(dataset['data_root'])
    classes = find_classes(folder)
    head = cfg.model.get('head', {})
    if 'num_classes' in head and head['num_classes'] is None:
        head['num_classes'] = len(classes)
    normalization = cfg.get('normalization', 'imagenet')
    if normalization not in ('imagenet', 'dataset'):
        raise ConfigError(f"normalization must be 'imagenet' or 'dataset', got {normalization!r}")
    if normalization == 'dataset':
        mean, std = channel_statistics(np.random.default_rng(0).permutation(_training_images(dataset))[:SAMPLE_SIZE])
        cfg.model.data_preprocessor.update(mean=mean, std=std, to_rgb=True)
        print_log(f'normalization of {folder}: mean {mean}, std {std}', 'current')


def _training_images(dataset: dict) -> list[str]:
    """Files of the training split, without the images held out for validation."""
    options = {key: dataset[key] for key in ('val_fraction', 'seed') if key in dataset}
    training = ImageFolder(dataset['data_root'], split='train', **options)
    return [training.get_data_info(index)['img_path'] for index in range(len(training))]


def channel_statistics(paths: list) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of the R, G and B values (0 to 255) of image files.

    Raises:
        ConfigError: If a file is no readable image; the message names it.
    """
    pixels, total, squares = 0, np.zeros(3), np.zeros(3)
    for path in paths:
        image = cv2.imread(str(path))
        if image is None:
            raise ConfigError(f'{path} is no readable image; repair or remove it')
        values = image[..., ::-1].reshape(-1, 3).astype(np.float64)
        pixels, total, squares = pixels + len(values), total + values.sum(0), squares + np.square(values).sum(0)
    mean = total / pixels
    std = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    # A constant channel would divide by zero.
    return [round(float(v), 3) for v in mean], [round(float(max(v, 1.0)), 3) for v in std]
