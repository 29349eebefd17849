"""Accuracy of nearest neighbours on frozen features, during pre-training."""

import logging
from collections.abc import Sized
from typing import Any, cast

import numpy as np
from mmengine.dist import broadcast_object_list
from mmengine.hooks import Hook, LoggerHook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from cft.engine.encoding import UNLABELLED, encode_batches
from cft.engine.labelled_splits import labelled_split
from cft.engine.model_access import unwrap_model
from cft.engine.ordered_pass import evaluation_mode, joined_in_order, reordered
from cft.engine.seeded_batches import undisturbed_generators
from cft.errors import ConfigError, DataError
from cft.evaluation import knn_accuracy
from cft.registry import DATASETS, HOOKS


@HOOKS.register_module()
class KNNMonitorHook(Hook):
    """Classify images by their nearest training images before and during pre-training.

    Images of ``split`` and labelled training images are encoded by the frozen
    backbone, read by the config's ``test_pipeline``; neighbours vote as in
    :func:`cft.evaluation.knn_accuracy`. Beside a line, the log and trackers get
    ``knn/k<k>``. The first number is that of the weights that training starts
    from. The training stays as it is, bit for bit; processes share the images.

    Args:
        interval: Measure after every so many epochs, and after the last one.
        k: Number of neighbours.
        temperature: Of their weights.
        split: Of the training data set, whose images are classified: not those that a result is reported on.

    Raises:
        ConfigError: If ``interval`` is below 1 or, before training, the config has no ``test_pipeline``, the data set
            no such split, no labels, or fewer than ``k`` training images.

    Example:
        >>> custom_hooks = [dict(type='cft.KNNMonitorHook', interval=10, k=200)]

    On the command line: ``--cfg-options default_hooks.neighbours.type=cft.KNNMonitorHook``.
    """

    priority = 'NORMAL'

    def __init__(self, interval: int = 10, k: int = 20, temperature: float = 0.07, split: str = 'val') -> None:
        if interval < 1:
            raise ConfigError(f'KNNMonitorHook: interval must be at least 1, got {interval}')
        self.interval, self.k, self.temperature, self.split = interval, k, temperature, split

    def before_train(self, runner: Runner) -> None:
        self._reference, self._queries = (self._loader(runner, split) for split in ('train', self.split))
        images = _images(self._reference)
        if not 1 <= self.k <= images:
            raise ConfigError(f'KNNMonitorHook: k={self.k} of {images} training images; give one from 1 to that number')
        if runner.iter == 0:
            self._measure(runner, 0)

    def after_train_epoch(self, runner: Runner) -> None:
        done = runner.epoch + 1
        if done % self.interval == 0 or done == runner.max_epochs:
            self._measure(runner, done)

    def _loader(self, runner: Runner, split: str) -> DataLoader:
        settings = labelled_split(runner.cfg, split)
        with undisturbed_generators():
            try:
                dataset = DATASETS.build(settings)
                dataset.full_init()
            except (AssertionError, ValueError, FileNotFoundError) as error:
                raise ConfigError(
                    f'KNNMonitorHook: {settings["type"]} gives no images of the split {split!r} ({error}); name '
                    "another one with split='...'"
                ) from error
            if 'gt_label' not in dataset[0]['data_samples']:
                raise ConfigError(f'KNNMonitorHook: the images of the split {split!r} have no labels; remove the hook')
        return reordered(runner.train_dataloader, dataset)

    def _measure(self, runner: Runner, epoch: int) -> None:
        with evaluation_mode(unwrap_model(runner.model)):
            sets = [
                joined_in_order(encode_batches(runner.model, loader), _images(loader))
                for loader in (self._reference, self._queries)
            ]
        found: list[Any] = [None]
        if sets[0] is not None and sets[1] is not None:
            try:
                found[0] = knn_accuracy(*_labelled(sets[0]), *_labelled(sets[1]), self.k, self.temperature)
            except DataError as error:
                found[0] = str(error)
        broadcast_object_list(found)
        if isinstance(found[0], str):
            runner.logger.log(logging.WARNING, f'No nearest neighbours after epoch {epoch}: {found[0]}')
            return
        runner.logger.info(
            f'Accuracy of {self.k} nearest neighbours after epoch {epoch}: {found[0]:.2f} % of the {self.split} images'
        )
        logs = [hook.json_log_path for hook in runner.hooks if isinstance(hook, LoggerHook)]
        runner.visualizer.add_scalars({f'knn/k{self.k}': found[0]}, step=epoch, file_path=logs[0] if logs else None)


def _images(loader: DataLoader) -> int:
    return len(cast(Sized, loader.dataset))


def _labelled(rows: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    known = rows['labels'] != UNLABELLED
    return (rows['features'], rows['labels']) if known.all() else (rows['features'][known], rows['labels'][known])
