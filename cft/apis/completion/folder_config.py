"""Fill in what a config for an image folder leaves to the folder."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from cft.datasets.class_subset import kept_classes
from cft.datasets.image_folder import find_classes, train_folder
from cft.engine.config_nodes import innermost_dataset, iterate_dicts
from cft.errors import ConfigError
from cft.registry import DATASETS

from .label_tables import FOLDER, SEVERAL_LABELS, TABLE


def complete_folder_config(cfg: Config) -> None:
    """Let ``model.head.num_classes = None`` become the number of class folders, or of classes in a table.

    Configs without a :class:`cft.datasets.ImageFolder` or a table
    (:class:`cft.datasets.LabelTable`) are left alone.

    Args:
        cfg: The config, changed in place.

    Raises:
        ConfigError: If the folder or table is missing, empty or wrong.
    """
    dataset = innermost_dataset(cfg.get('train_dataloader', {}).get('dataset', {}))
    if dataset.get('type') not in (FOLDER, TABLE, SEVERAL_LABELS):
        return
    folder, classes = _classes(dataset)
    classes = _kept(cfg.train_dataloader.dataset, classes)
    head = cfg.model.get('head', {})
    if dataset['type'] == SEVERAL_LABELS and head.get('type') == 'cft.ContrastiveClsHead':
        raise ConfigError(
            f'{folder} gives images several labels, for which contrastive methods are not defined: model.head cannot '
            'be cft.ContrastiveClsHead; take MultiLabelLinearClsHead, as ce/folder_multilabel does'
        )
    if 'num_classes' in head and head['num_classes'] is None:
        head['num_classes'] = len(classes)


def _kept(dataset: dict, classes: Sequence[str]) -> Sequence[str]:
    """Those of the classes that the wrappers of a data set keep."""
    for _, node in iterate_dicts(dataset):
        if node.get('type') == 'cft.ClassSubset':
            classes = kept_classes(classes, node.get('classes'), node.get('without'))
    return classes


def _classes(dataset: dict) -> tuple[Path, Sequence[str]]:
    """Where the training images are said to be, and their classes."""
    if dataset['type'] == FOLDER:
        folder = train_folder(dataset['data_root'])
        return folder, find_classes(folder)
    table = DATASETS.build({**dataset, 'split': 'train', 'pipeline': [], 'lazy_init': True})
    return Path(dataset['data_root']), table.metainfo['classes']
