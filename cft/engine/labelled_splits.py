"""Labelled single images of a pre-training config, by which its features are judged."""

from mmengine.config import Config, ConfigDict

from cft.engine.config_nodes import innermost_dataset
from cft.engine.training_data import with_pipeline
from cft.errors import ConfigError


def plain_dataset(cfg: Config, split: str) -> dict:
    """The training dataset of a pre-training config as single labelled images of a split.

    Args:
        cfg: Has ``test_pipeline``, the transforms of an image that is not augmented.
        split: As the dataset names it.

    Raises:
        ConfigError: If the config has no ``test_pipeline``, or its training data no ``split``.

    Example:
        >>> plain_dataset(load_config('quickstart/sce_digits'), 'val')['split']  # doctest: +SKIP
        'val'
    """
    pipeline, dataset = _test_pipeline(cfg), innermost_dataset(cfg.train_dataloader.dataset)
    if 'split' not in dataset:
        raise ConfigError(
            f'{cfg.filename} is no pre-training config: train_dataloader.dataset, '
            f'a {dataset["type"]}, names no split that could be tested; give one of pre-training'
        )
    return dict(dataset, split=split, pipeline=pipeline)


def labelled_split(cfg: Config, split: str) -> dict:
    """Config of a split's labelled images, read by ``test_pipeline``, of a pre-training config.

    They have the labels of the training data set or, where that has none, of
    the class folders of its ``data_root``.

    Args:
        cfg: Has ``test_pipeline``.
        split: As the data set names it; ``'train'`` is read as training reads it, wrappers such as
            :class:`cft.datasets.StratifiedSubset` included.

    Raises:
        ConfigError: As :func:`plain_dataset`.

    Example:
        >>> labelled_split(load_config('sce/folder'), 'val')['type']  # doctest: +SKIP
        'cft.ImageFolder'
    """
    pipeline, dataset = _test_pipeline(cfg), innermost_dataset(cfg.train_dataloader.dataset)
    if dataset.get('type') == 'cft.UnlabelledImages':
        return dict(type='cft.ImageFolder', data_root=dataset['data_root'], split=split, pipeline=pipeline)
    if split == 'train' and dataset.get('split', split) == split:
        return with_pipeline(cfg.train_dataloader.dataset, pipeline)
    return plain_dataset(cfg, split)


def _test_pipeline(cfg: Config) -> list[ConfigDict]:
    if 'test_pipeline' not in cfg:
        raise ConfigError(f'{cfg.filename} defines no test_pipeline; add the transforms of a test image')
    return cfg.test_pipeline
