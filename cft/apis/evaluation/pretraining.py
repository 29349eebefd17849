"""Pre-train configs and ask what their features are worth, without training a classifier."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import DATASETS

from cft.apis.configs.config import load_config
from cft.engine.labelled_splits import plain_dataset
from cft.errors import ConfigError
from cft.evaluation import knn_accuracy
from cft.experiments import Run

Labelled = tuple[np.ndarray, np.ndarray]


def pixels_of_split(cfg: Config, split: str) -> Labelled:
    """(N, H * W * C) pixel values and (N,) labels of a split."""
    dataset = DATASETS.build(plain_dataset(cfg, split))
    samples = [dataset[index] for index in range(len(dataset))]
    pixels = np.stack([sample['inputs'].numpy().ravel() for sample in samples]).astype(np.float32)
    return pixels, np.array([int(sample['data_samples'].gt_label) for sample in samples])


def neighbours_of_pixels(cfg: Config, split: str = 'test', k: int = 20) -> float:
    """kNN accuracy in per cent of raw pixels: images of a split by training images."""
    return knn_accuracy(*pixels_of_split(cfg, 'train'), *pixels_of_split(cfg, split), k=k)


def pretraining_runs(
    configs: Sequence[str | Path],
    seeds: Sequence[int],
    overrides: Mapping[str, Any] | None = None,
    split: str = 'test',
    k: int = 20,
) -> list[Run]:
    """The runs that tell what pre-training is worth: each config and seed, trained and untrained.

    Args:
        configs: Of pre-training, with ``test_pipeline``.
        seeds: Of the weights, the order of the images and the augmentation.
        overrides: Further config settings of all runs.
        split: ``'val'`` to choose settings, ``'test'`` to report.
        k: Number of neighbours; labelled training images are the neighbours.

    Returns:
        Runs for :func:`cft.apis.experiments.runs.run_plan` with the labels
        ``config``, ``seed`` and ``trained``; the metrics are ``knn/k<k>`` and
        ``linear_probe/top1``.

    Raises:
        ConfigError: If a config is none of pre-training.

    Example:
        >>> [run.name for run in pretraining_runs(['quickstart/sce_digits'], seeds=[0])]
        ['quickstart-sce_digits-0', 'quickstart-sce_digits-0-untrained']
    """
    runs = []
    for config in configs:
        cfg = load_config(config, overrides)
        if cfg.get('test_dataloader'):
            raise ConfigError(f'{cfg.filename} is no pre-training config: it has labelled test data of its own')
        plain_dataset(cfg, split)
        path = Path(cfg.filename)
        for seed in seeds:
            name = f'{path.parent.name}-{path.stem}-{seed}'
            options = {'splits': [split], 'measures': [f'knn/k{k}', 'linear_probe/top1']}
            labels = {'config': str(config), 'seed': seed}
            settings = dict(overrides or {})
            runs += [
                Run(name, str(config), settings, seed, {**labels, 'trained': True}, options),
                Run(
                    f'{name}-untrained', str(config), settings, seed,
                    {**labels, 'trained': False}, {**options, 'train': False},
                ),
            ]  # fmt: skip
    return runs
