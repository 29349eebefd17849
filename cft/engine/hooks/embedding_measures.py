"""Measures of the features at each validation."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dist import broadcast_object_list
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from cft.engine.config_nodes import innermost_dataset
from cft.engine.encoding import encode_batches, several_labels
from cft.engine.model_access import unwrap_model
from cft.engine.ordered_pass import evaluation_mode, joined_in_order, reordered
from cft.engine.seeded_batches import undisturbed_generators
from cft.engine.training_data import with_pipeline
from cft.errors import ConfigError
from cft.evaluation import KNOWN_MEASURES
from cft.evaluation.chosen_measures import PRESENT, chosen_measures, computed_measures
from cft.evaluation.few_shot import EpisodeProtocol
from cft.evaluation.measure_material import Material
from cft.registry import DATASETS, HOOKS

FROM_OUTSIDE = ('outside', 'outside_probabilities')


@HOOKS.register_module()
class EmbeddingMeasuresHook(Hook):
    """Measure the features of the validation images, and log the numbers beside the accuracy.

    After a validation each image is encoded once more, by the weights that were
    validated, such as those of a moving average. The numbers are scalars
    ``val/<measure>`` of the log and of trackers, and metrics by which, with
    ``interval=1``, ``save_best`` may choose. COIN's figure 4 is ``s_dbw/tong`` through its two
    stages. Measures with a reference, such as ``knn``, encode the training
    images as well, without augmentation. The training stays as it is, bit for
    bit; processes share the images.

    Args:
        measures: Names of :data:`cft.evaluation.MEASURES`, or groups of them such as ``'s_dbw'``.
        interval: Measure after every so many validations.

    Raises:
        ConfigError: If there is no such measure or it needs images of unknown
            classes, ``interval`` is below 1, or, before training, there is no
            validation or its images do not have one label each.

    Example:
        >>> custom_hooks = [dict(type='cft.EmbeddingMeasuresHook', measures=['s_dbw/tong', 'knn/k20'])]
    """

    # Before moving averages give the model its own weights back, and before logs and checkpoints look at the metrics.
    priority = 'ABOVE_NORMAL'

    def __init__(self, measures: str | Sequence[str], interval: int = 1) -> None:
        if interval < 1:
            raise ConfigError(f'EmbeddingMeasuresHook: interval must be at least 1, got {interval}')
        self.interval = interval
        self.measures = chosen_measures(measures)
        needs = {need: key for key in self.measures for need in KNOWN_MEASURES[key].needs}
        told = '' if self.measures else 'name some'
        if PRESENT in needs:
            told = f'{needs[PRESENT]} is for images of any number of labels'
        for need in FROM_OUTSIDE:
            if need in needs:
                told = f'{needs[need]} needs images of unknown classes, and validation has none'
        if told:
            raise ConfigError(f'EmbeddingMeasuresHook: measures={measures!r}: {told}')
        self._rounds = 0
        self._told: set[str] = set()
        self._reference: DataLoader | None = None

    def before_train(self, runner: Runner) -> None:
        if runner.val_loop is None:
            raise ConfigError('EmbeddingMeasuresHook measures after validations, and the config has none; remove it')
        with undisturbed_generators():
            sample = runner.val_dataloader.dataset[0]['data_samples']
            if 'gt_label' not in sample or several_labels(runner.model):
                raise ConfigError(
                    'EmbeddingMeasuresHook measures images that have one label each, and those of the validation do '
                    'not; remove it'
                )
            if any('train' in KNOWN_MEASURES[key].needs for key in self.measures):
                if not {'train_dataloader', 'val_dataloader'} <= set(runner.cfg):
                    raise ConfigError(
                        'EmbeddingMeasuresHook: measures that compare with training images need the settings of both '
                        'data loaders; give train_dataloader and val_dataloader as configs, not as built loaders'
                    )
                pipeline = innermost_dataset(runner.cfg.val_dataloader.dataset)['pipeline']
                dataset = DATASETS.build(with_pipeline(runner.cfg.train_dataloader.dataset, pipeline))
                dataset.full_init()
                self._reference = reordered(runner.val_dataloader, dataset)

    def before_val_epoch(self, runner: Runner) -> None:
        # The log takes the last value of a scalar, also of an earlier validation.
        for key in self.measures:
            runner.message_hub.log_scalars.pop(f'val/{key}', None)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        self._rounds += 1
        if self._rounds % self.interval:
            return
        scores = any('probabilities' in KNOWN_MEASURES[key].needs for key in self.measures)
        with evaluation_mode(unwrap_model(runner.model)):
            test = _encoded(runner, reordered(runner.val_dataloader), scores)
            train = None if self._reference is None else _encoded(runner, self._reference, scores=False)
        found: list[Any] = [None, None]
        if test is not None:
            reference = None if train is None else (train['features'], train['labels'])
            found = list(
                computed_measures(
                    self.measures,
                    Material(
                        test['features'], test['labels'], reference, test.get('scores'), episodes=EpisodeProtocol()
                    ),
                )
            )
        broadcast_object_list(found)
        numbers, notes = found
        for note in notes:
            if note not in self._told:
                print_log(note, 'current', logging.WARNING)
                self._told.add(note)
        for key, value in numbers.items():
            runner.message_hub.update_scalar(f'val/{key}', value)
        if metrics is not None:
            metrics.update(numbers)


def _encoded(runner: Runner, loader: DataLoader, scores: bool) -> dict[str, np.ndarray] | None:
    return joined_in_order(encode_batches(runner.model, loader, scores), len(loader.dataset))  # type: ignore[arg-type]  # it has a length
