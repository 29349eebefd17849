"""Images of classes that a model does not know, beside those that it knows."""

import copy
from collections.abc import Sequence

from mmengine.config import Config

from cft.engine.config_nodes import innermost_dataset, iterate_dicts
from cft.errors import ConfigError

SUBSET = 'cft.ClassSubset'
PARTS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def set_unknown_classes(cfg: Config, names: Sequence[str], split: str) -> dict:
    """Take classes out of the data of a config; a config that was trained without them has that already.

    Args:
        cfg: Changed in place, before it is completed.
        names: Of the classes.
        split: That is evaluated.

    Returns:
        Config of the data set of their images in the split.

    Raises:
        ConfigError: If the config has no data for the split.
    """
    loader = cfg.get(f'{split}_dataloader')
    if loader is None:
        raise ConfigError(f'ood_classes: {cfg.filename} has no {split}_dataloader with classes to leave out')
    outside = dict(type=SUBSET, classes=list(names), dataset=whole(loader.dataset))
    for part in PARTS:
        own = cfg.get(part)
        if own is not None and not any(node.get('type') == SUBSET for _, node in iterate_dicts(own.dataset)):
            own.dataset = dict(type=SUBSET, without=list(names), dataset=own.dataset)
    return outside


def whole(dataset: dict) -> dict:
    """The data set with all its classes."""
    dataset = copy.deepcopy(dataset)
    return whole(dataset['dataset']) if dataset.get('type') == SUBSET else dataset


def unlabelled_folder(cfg: Config, folder: str, pipeline: list) -> dict:
    """Config of the data set of all images below a folder, read as the test pipeline reads.

    Raises:
        ConfigError: If the config's own images are no files.
    """
    if not any('Load' in str(step.get('type')) for step in pipeline):
        raise ConfigError(
            f'ood_root={folder}: the images of {cfg.filename} are no files, and its test pipeline reads none; '
            'take ood_classes, or a config of a folder'
        )
    return dict(type='cft.UnlabelledImages', data_root=folder, pipeline=pipeline)


def test_pipeline_of(dataset: dict) -> list:
    """The transforms of an evaluated data set."""
    return innermost_dataset(dataset)['pipeline']
