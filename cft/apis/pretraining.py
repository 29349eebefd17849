"""Pre-train a config and ask what its features are worth, without training a classifier."""

from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import DATASETS
from mmengine.runner import Runner

from cft.engine.config_nodes import innermost_dataset
from cft.engine.sole_run import sole_run
from cft.errors import ConfigError
from cft.evaluation import knn_accuracy

from .config import load_config
from .features import extract_features
from .runner import build_runner, initialise
from .training import train

Labelled = tuple[np.ndarray, np.ndarray]


def plain_dataset(cfg: Config, split: str) -> dict:
    """The training dataset of a pre-training config as single labelled images of a split.

    Args:
        cfg: Has ``test_pipeline``, the transforms of an image that is not augmented.
        split: As the dataset names it.

    Raises:
        ConfigError: If the config has no ``test_pipeline``, or its training data no ``split``.
    """
    if 'test_pipeline' not in cfg:
        raise ConfigError(f'{cfg.filename} defines no test_pipeline; add the transforms of a test image')
    dataset = innermost_dataset(cfg.train_dataloader.dataset)
    if 'split' not in dataset:
        raise ConfigError(
            f'{cfg.filename} is no pre-training config: train_dataloader.dataset, '
            f'a {dataset["type"]}, names no split that could be tested; give one of pre-training'
        )
    return dict(dataset, split=split, pipeline=cfg.test_pipeline)


def encode_split(runner: Runner, cfg: Config, split: str) -> Labelled:
    """(N, D) backbone features, pooled, and (N,) labels of a split."""
    return extract_features(runner.model, runner.build_dataloader(_plain_loader(cfg, split)))


def pixels_of_split(cfg: Config, split: str) -> Labelled:
    """(N, H * W * C) pixel values and (N,) labels of a split."""
    dataset = DATASETS.build(plain_dataset(cfg, split))
    samples = [dataset[index] for index in range(len(dataset))]
    pixels = np.stack([sample['inputs'].numpy().ravel() for sample in samples]).astype(np.float32)
    return pixels, np.array([int(sample['data_samples'].gt_label) for sample in samples])


def neighbours_of_pixels(cfg: Config, split: str = 'test', k: int = 20) -> float:
    """kNN accuracy in per cent of raw pixels: images of a split by training images."""
    return knn_accuracy(*pixels_of_split(cfg, 'train'), *pixels_of_split(cfg, split), k=k)


def pretrain_and_compare(
    config: str | Path, seed: int, work_dir: Path, overrides: dict | None = None, split: str = 'test', k: int = 20
) -> tuple[dict[str, float], Runner]:
    """Pre-train with one seed; kNN accuracy of the encoder before and after.

    Args:
        config: A pre-training config with ``test_pipeline``.
        seed: Of the weights, the order of the images and the augmentation.
        work_dir: Folder of this run.
        overrides: Further config settings.
        split: ``'val'`` to choose settings, ``'test'`` to report.
        k: Number of neighbours.

    Returns:
        ``random`` and ``pretrained``, accuracy in per cent with the labelled
        training images as neighbours, and the trained runner.

    Example:
        >>> result, _ = pretrain_and_compare('configs/quickstart/sce_digits.py', 0, Path('run'))  # doctest: +SKIP
    """
    cfg = load_config(config, {'randomness.seed': seed, **(overrides or {})})
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = str(work_dir.resolve()).replace('/', '_')
    with sole_run(work_dir, f'pre-training of {Path(config).stem}'):
        untrained = build_runner(cfg)
        initialise(untrained)
        accuracy = {'random': _neighbours(untrained, cfg, split, k)}
        runner = train(cfg)
        return accuracy | {'pretrained': _neighbours(runner, cfg, split, k)}, runner


def _neighbours(runner: Runner, cfg: Config, split: str, k: int) -> float:
    return knn_accuracy(*encode_split(runner, cfg, 'train'), *encode_split(runner, cfg, split), k=k)


def _plain_loader(cfg: Config, split: str) -> dict:
    return dict(
        batch_size=250,
        num_workers=0,
        dataset=plain_dataset(cfg, split),
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
