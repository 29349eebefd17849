"""The files of the training images of a config, which measures of the data look at."""

from typing import Any

import numpy as np
from mmengine.config import Config

from cft.datasets.sample_infos import image_files
from cft.registry import DATASETS

SAMPLE_SIZE = 1000


def sample_training_images(cfg: Config) -> tuple[list[str], int]:
    """Up to 1,000 files of the training images, the same ones every time; none of them is held out.

    Args:
        cfg: A config with ``train_dataloader``.

    Returns:
        The files, and how many there are in all.

    Raises:
        ConfigError: If the data are wrong.

    Example:
        >>> sample_training_images(load_config('ce/r50_folder', ['data_root=xray']))  # doctest: +SKIP
    """
    with DATASETS.switch_scope_and_registry(cfg.get('default_scope')):
        dataset = DATASETS.build(_without_pipelines(cfg.train_dataloader.dataset))
    files = np.random.default_rng(0).permutation(image_files(dataset))
    return files[:SAMPLE_SIZE].tolist(), len(files)


def _without_pipelines(dataset: object) -> Any:
    """The config of a data set that only lists its samples."""
    if isinstance(dataset, dict):
        return {
            key: [] if key == 'pipeline' else _without_pipelines(value) if key.startswith('dataset') else value
            for key, value in dataset.items()
        }
    return [_without_pipelines(item) for item in dataset] if isinstance(dataset, list | tuple) else dataset
