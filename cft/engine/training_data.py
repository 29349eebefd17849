"""The training data outside the training loop: a pass over them, and the numbers of their samples."""

import copy
import sys
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from mmengine.dist import is_main_process
from mmengine.runner import Runner
from rich.progress import track
from torch.utils.data import DataLoader

from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError

REPEATING = ('RepeatDataset', 'ClassBalancedDataset', 'MultiImageMixDataset')


class SizedDataset(Protocol):
    """What has a number of samples, each a dict."""

    def __len__(self) -> int: ...
    def __getitem__(self, position: int, /) -> dict: ...


def training_batches(runner: Runner, task: str, views: int | None = None) -> Iterator[dict]:
    """The batches of one pass, with a bar on a terminal and about ten log lines elsewhere.

    Args:
        runner: Before its training.
        task: Named beside the progress.
        views: Only the first so many views of each image are needed; others are left out where that is possible.

    Example:
        >>> for batch in training_batches(runner, 'Features of all training images'):  # doctest: +SKIP
        ...     model.collect(batch)
    """
    loader = runner.train_dataloader if views is None else with_first_views(runner.train_dataloader, views)
    if is_main_process() and sys.stdout.isatty():
        yield from track(loader, description=task, total=len(loader))
        return
    interval = max(1, len(loader) // 10)
    for number, batch in enumerate(loader, start=1):
        yield batch
        if number % interval == 0:
            runner.logger.info(f'{task}: {number} of {len(loader)} batches')


def with_first_views(loader: DataLoader, views: int) -> DataLoader:
    """A loader of the same samples and draws that makes the first views of each image alone.

    The loader and its data set stay as they are, as workers that persist would
    keep what they began with. The same loader, if no transform of the data set
    has ``first_views(count)`` as :class:`cft.datasets.transforms.MultiView`.

    Example:
        >>> fewer = with_first_views(runner.train_dataloader, views=2)  # doctest: +SKIP
    """
    dataset = _of_first_views(loader.dataset, views)
    if dataset is None or loader.batch_sampler is None:
        return loader
    return DataLoader(
        dataset,
        batch_sampler=loader.batch_sampler,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        timeout=loader.timeout,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        generator=loader.generator,
        prefetch_factor=loader.prefetch_factor,
    )


def _of_first_views(dataset: Any, views: int) -> Any:
    """A shallow copy, through all wrappers; None if no transform can make fewer views."""
    fewer = copy.copy(dataset)
    if hasattr(dataset, 'pipeline'):
        transforms = getattr(dataset.pipeline, 'transforms', [])
        if not any(hasattr(transform, 'first_views') for transform in transforms):
            return None
        fewer.pipeline = copy.copy(dataset.pipeline)
        fewer.pipeline.transforms = [
            transform.first_views(views) if hasattr(transform, 'first_views') else transform for transform in transforms
        ]
        return fewer
    if not hasattr(dataset, 'dataset'):
        return None
    fewer.dataset = _of_first_views(dataset.dataset, views)
    return None if fewer.dataset is None else fewer


def numbered_samples(dataset: SizedDataset) -> int:
    """Number of values that ``sample_idx`` takes in a data set; 0 to this number minus 1.

    Looks at a few samples. Subsets with ``dataset`` and ``indices``, such as
    :class:`cft.datasets.StratifiedSubset`, keep the numbers of the data set
    that they are part of.

    Raises:
        ConfigError: If samples have no number, or several may have the same, as
            in a concatenation.

    Example:
        >>> numbered_samples(Digits(pipeline=[dict(type='PackInputs')]))  # doctest: +SKIP
        1000
    """
    for position in sorted(set(np.linspace(0, len(dataset) - 1, num=5, dtype=np.int64).tolist())):
        source: Any = dataset
        expected = position
        while hasattr(source, 'indices') and hasattr(source, 'dataset'):
            source, expected = source.dataset, int(source.indices[expected])
        found = getattr(dataset[position].get('data_samples'), 'sample_idx', None)
        if found is None:
            raise ConfigError(
                'the training images come without the sample_idx by which their clusters are found; '
                "name it in the pipeline: dict(type='PackInputs', meta_keys=('sample_idx', 'img_path'))"
            )
        if found != expected:
            raise ConfigError(
                f'sample {position} of {type(dataset).__name__} has sample_idx={found}: images that share a number '
                'would share their clusters; list all images in one data set instead of joining or repeating several'
            )
    return len(source)


def with_pipeline(dataset: dict, pipeline: list) -> dict:
    """Config of a data set that is read once through, in another way, such as training images without augmentation.

    Args:
        dataset: Its config; what chooses among the images stays, what repeats them does not.
        pipeline: Its transforms.

    Example:
        >>> flipped = dict(type='CIFAR10', pipeline=[dict(type='RandomFlip')])
        >>> with_pipeline(dict(type='RepeatDataset', times=3, dataset=flipped), [dict(type='PackInputs')])
        {'type': 'CIFAR10', 'pipeline': [{'type': 'PackInputs'}]}
    """
    dataset = copy.deepcopy(dataset)
    while str(dataset.get('type')).split('.')[-1] in REPEATING:
        dataset = dataset['dataset']
    for _, node in iterate_dicts(dataset):
        if 'pipeline' in node:
            node['pipeline'] = pipeline
    return dataset
