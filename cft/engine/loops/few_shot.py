"""Validation and test on classes that training has not: few-shot tasks on the features."""

from collections.abc import Sized
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from mmengine.runner import TestLoop as MMEngineTestLoop
from mmengine.runner import ValLoop as MMEngineValLoop
from torch.utils.data import DataLoader

from cft.engine.encoding import encode_batches
from cft.engine.model_access import unwrap_model
from cft.engine.ordered_pass import evaluation_mode, in_order, reordered, told_batches
from cft.errors import ConfigError, DataError
from cft.evaluation.episode_heads import HEADS
from cft.evaluation.few_shot import EpisodeProtocol, few_shot_metrics
from cft.evaluation.measure_material import Material
from cft.registry import LOOPS


@dataclass(frozen=True)
class FewShotSettings:
    """Which few-shot tasks a loop solves.

    Attributes:
        shots: Labelled images of each class, one number or several.
        heads: Names of :data:`cft.evaluation.episode_heads.HEADS`.
        protocol: How tasks are drawn.

    Raises:
        ConfigError: If a head or a number cannot be.

    Example:
        >>> FewShotSettings.of(dict(type='cft.FewShotTestLoop', shots=(1, ), tasks=600)).protocol.tasks
        600
    """

    shots: tuple[int, ...] = (1, 5)
    heads: tuple[str, ...] = tuple(HEADS)
    protocol: EpisodeProtocol = field(default_factory=EpisodeProtocol)

    @classmethod
    def of(cls, settings: dict[str, Any]) -> 'FewShotSettings':
        """From the config of a loop."""
        given = {name: value for name, value in settings.items() if name not in ('type', 'shots', 'heads')}
        unknown = sorted(set(given) - set(EpisodeProtocol.__dataclass_fields__))
        shots, heads = tuple(settings.get('shots', cls.shots)), tuple(settings.get('heads', cls.heads))
        wrong = [head for head in heads if head not in HEADS]
        if unknown or wrong or not shots or not heads:
            told = f'{unknown[0]} is no setting' if unknown else f'heads are {", ".join(HEADS)}, shots are numbers'
            raise ConfigError(f'{settings.get("type", "few-shot loop")}: {told}; got {dict(settings)}')
        return cls(shots, heads, EpisodeProtocol(**given))


def few_shot_settings(cfg: Config, split: str) -> FewShotSettings | None:
    """Those of a split whose classes training has not; None for an ordinary one.

    Example:
        >>> few_shot_settings(Config(dict(test_cfg=dict(type='cft.FewShotTestLoop'))), 'test').shots
        (1, 5)
    """
    loop = cfg.get(f'{split}_cfg') or {}
    few_shot = str(loop.get('type')).removeprefix('cft.') in (FewShotValLoop.__name__, FewShotTestLoop.__name__)
    return FewShotSettings.of(loop) if few_shot else None


def measured(runner: Runner, loader: DataLoader, settings: FewShotSettings) -> dict[str, float]:
    """Few-shot accuracies of the images of a loader, the same in every process."""
    model, images = runner.model, len(cast(Sized, loader.dataset))
    with evaluation_mode(unwrap_model(model)):
        batches = told_batches(reordered(loader), 'Features for few-shot tasks', runner.logger.info)
        parts = list(in_order(encode_batches(model, batches), images))
    found: list[Any] = [None]
    if is_main_process():
        features, labels = (np.concatenate([part[name] for part in parts]) for name in ('features', 'labels'))
        material = Material(features, labels, episodes=settings.protocol)
        try:
            for shots in settings.shots:
                for head in settings.heads:
                    material.solved(shots, head)
            found[0] = few_shot_metrics(material.few_shot)
        except DataError as error:
            found[0] = error
    broadcast_object_list(found)
    if isinstance(found[0], DataError):
        raise found[0]
    return found[0]


@LOOPS.register_module()
class FewShotValLoop(MMEngineValLoop):
    """Validate on images of other classes than those that are trained: by tasks of a few labelled images each.

    Every image is encoded once; a classifier of its own is fitted for each
    task. Metrics are ``few_shot/<K>shot_<head>``, the mean accuracy of the
    runs, and with ``_median`` and ``_interval`` behind the name the median run
    with half its 95 % interval, as SCHaNe reports; ``save_best`` may choose by
    any. The classifier of the model is not asked.

    Args:
        runner: The runner.
        dataloader: Of the images, or its config.
        evaluator: Left empty, ``val_evaluator = []``; MMEngine wants one.
        settings: ``shots`` and ``heads`` as of :class:`FewShotSettings`, and
            ``ways``, ``queries``, ``tasks``, ``runs`` and ``seed`` as of
            :class:`cft.evaluation.EpisodeProtocol`.

    Raises:
        ConfigError: If a setting cannot be, or there are metrics of predictions.
        DataError: If there are too few classes or images for a task.

    Example:
        >>> val_cfg = dict(type='cft.FewShotValLoop', shots=(1, ), heads=('nearest_mean', ), tasks=600, runs=1)
        >>> default_hooks = dict(checkpoint=dict(save_best='few_shot/1shot_nearest_mean', rule='greater'))
    """

    new_classes = True

    def __init__(
        self, runner: Runner, dataloader: DataLoader | dict, evaluator: Evaluator | list | dict = (), **settings: Any
    ) -> None:
        super().__init__(runner, dataloader, list(evaluator) if isinstance(evaluator, tuple) else evaluator)
        self.settings = FewShotSettings.of({'type': type(self).__name__, **settings})
        _without_metrics(self.evaluator, 'val_evaluator')

    def run(self) -> dict[str, float]:
        """Measure."""
        self.runner.call_hook('before_val')
        self.runner.call_hook('before_val_epoch')
        metrics = measured(self.runner, self.dataloader, self.settings)
        self.runner.call_hook('after_val_epoch', metrics=metrics)
        self.runner.call_hook('after_val')
        return metrics


@LOOPS.register_module()
class FewShotTestLoop(MMEngineTestLoop):
    """Test as :class:`FewShotValLoop` validates, by default all heads in 1- and 5-shot tasks.

    Args:
        runner: The runner.
        dataloader: Of the images, or its config.
        evaluator: Left empty, ``test_evaluator = []``.
        settings: As of :class:`FewShotValLoop`.

    Example:
        >>> test_cfg = dict(type='cft.FewShotTestLoop', shots=(1, 5), ways=5, queries=15, tasks=3000, runs=3)
    """

    new_classes = True

    def __init__(
        self, runner: Runner, dataloader: DataLoader | dict, evaluator: Evaluator | list | dict = (), **settings: Any
    ) -> None:
        super().__init__(runner, dataloader, list(evaluator) if isinstance(evaluator, tuple) else evaluator)
        self.settings = FewShotSettings.of({'type': type(self).__name__, **settings})
        _without_metrics(self.evaluator, 'test_evaluator')

    def run(self) -> dict[str, float]:
        """Measure."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        metrics = measured(self.runner, self.dataloader, self.settings)
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics


def _without_metrics(evaluator: Evaluator, name: str) -> None:
    if evaluator.metrics:
        told = type(evaluator.metrics[0]).__name__
        raise ConfigError(
            f'{name} has {told}, which judges predictions, and few-shot tasks are of classes that the classifier does '
            f'not know; write {name} = []'
        )
