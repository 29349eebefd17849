"""The images of a split as they are evaluated: one labelled view each, under the test pipeline."""

import copy
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from torch.utils.data import Dataset

from cft.apis.running.runner import explained_errors
from cft.datasets.sample_infos import parts_of, sample_infos
from cft.engine.config_nodes import innermost_dataset
from cft.engine.labelled_splits import labelled_split
from cft.engine.training_data import with_pipeline
from cft.errors import ConfigError
from cft.registry import DATASETS

# Raises a ConfigError if the data set is not one for the model.
Check = Callable[[Dataset], None]
SPLITS = ('train', 'val', 'test')


def evaluated_split(cfg: Config, split: str) -> tuple[dict, dict]:
    """Configs of a split's data set and of the loader whose batches and evaluator it has.

    Validation and test data are those of the config. Training data have the
    test pipeline in the place of their augmentation. A config of pre-training
    says with ``test_pipeline`` how an image is read; its images have the labels
    of its data set or, where that has none, of the class folders of ``data_root``.

    Args:
        cfg: Completed.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Raises:
        ConfigError: If the config says nothing of the split, or there is no such split.

    Example:
        >>> evaluated_split(cfg, 'train')[0]['pipeline'] == cfg.test_pipeline  # doctest: +SKIP
        True
    """
    if split not in SPLITS:
        raise ConfigError(f'--split {split}: there is no such split; take one of {", ".join(SPLITS)}')
    own = cfg.get(f'{split}_dataloader')
    if split != 'train' and own is not None:
        return own.dataset, own
    tested = cfg.get('test_dataloader') or cfg.get('val_dataloader')
    if tested is None:
        return labelled_split(cfg, split), cfg.train_dataloader
    if split != 'train' or own is None:
        raise ConfigError(f'{cfg.filename} has no {split} data ({split}_dataloader is None); name another split')
    return with_pipeline(own.dataset, innermost_dataset(tested.dataset)['pipeline']), tested


def build_dataset(cfg: Config, dataset: dict) -> Any:
    """The data set of a part of a config, its list of samples read.

    Raises:
        ConfigError: If it cannot be built or read.
    """
    with explained_errors(cfg), DATASETS.switch_scope_and_registry(cfg.get('default_scope')):
        built = DATASETS.build(dataset)
        if hasattr(built, 'full_init'):
            built.full_init()
    return built


def evaluator_of(runner: Runner, split: str, dataset: Any) -> Evaluator:
    """The evaluator that a config has for a split, told of a data set; training images have that of the test.

    Args:
        runner: Of the config.
        split: ``'train'``, ``'val'`` or ``'test'``.
        dataset: Whose predictions it will process.
    """
    settings = (
        runner.cfg.get(f'{split}_evaluator') or runner.cfg.get('test_evaluator') or runner.cfg.get('val_evaluator')
    )
    evaluator = runner.build_evaluator(copy.deepcopy(settings or []))
    evaluator.dataset_meta = dataset.metainfo
    return evaluator


def numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """The finite numbers among what a config's evaluator returns.

    Example:
        >>> numbers({'accuracy/top1': np.float64(90.0), 'precision_of_each': [1.0, 0.5], 'mAP': float('nan')})
        {'accuracy/top1': 90.0}
    """
    plain = {name: value.item() if getattr(value, 'ndim', 1) == 0 else value for name, value in metrics.items()}
    return {
        name: float(value) for name, value in plain.items() if isinstance(value, int | float) and np.isfinite(value)
    }


def sample_names(dataset: Dataset) -> list[str]:
    """A name for each sample: its file below ``data_root``, or ``index:17`` for pixels in memory.

    Example:
        >>> sample_names(ImageFolder('flowers'))[0]  # doctest: +SKIP
        'rose/1.jpg'
    """
    names: list[str] = []
    for part, indices in parts_of(dataset):
        root = os.path.join(str(getattr(part, 'data_root', '') or ''), '')
        begin = len(names)
        for info in sample_infos(part, indices):
            path = info.get('img_path')
            names.append(f'index:{len(names)}' if path is None else str(path).removeprefix(root))
        names += [f'index:{number}' for number in range(len(names), begin + len(indices))]
    return names
