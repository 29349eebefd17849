"""Switch and schedule mixing of features or images during the run."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from cft.engine.model_access import modules_where
from cft.engine.stages import stage_at, stage_starts
from cft.errors import ConfigError
from cft.registry import HOOKS


@HOOKS.register_module()
class MixupHook(Hook):
    """Turn mixing on and off, or change its strength, at fractions of the run.

    It acts on every module of the model with ``enabled`` and ``alpha``, as pair
    generators have them, and on the data preprocessor's batch augmentation
    (mmpretrain's Mixup and CutMix). The stage follows from
    the iteration counter, hence also after a resume.

    Args:
        stages: One dict per stage with ``fraction`` (the last may leave it out
            to take the rest), ``enabled`` (default True) and ``alpha`` (the
            Beta parameter; default: the one of the config).

    Raises:
        ConfigError: If a stage has an unknown key or, before training, the model
            mixes nothing.

    Example:
        >>> custom_hooks = [dict(type='cft.MixupHook', stages=[
        ...     dict(fraction=0.1, enabled=False), dict(fraction=0.7, alpha=1.0), dict(enabled=False)])]
    """

    def __init__(self, stages: list[dict]) -> None:
        for stage in stages:
            unknown = set(stage) - {'fraction', 'enabled', 'alpha'}
            if unknown:
                raise ConfigError(f"unknown stage keys {sorted(unknown)}; known are ['alpha', 'enabled', 'fraction']")
            if stage.get('alpha', 1.0) <= 0:
                raise ConfigError(
                    f'alpha must be positive, got {stage["alpha"]}; use enabled=False to switch mixing off'
                )
        self.stages = stages
        self.starts = stage_starts([stage.get('fraction') for stage in stages], max_iters=1)

    def before_train(self, runner: Runner) -> None:
        self.starts = stage_starts([stage.get('fraction') for stage in self.stages], runner.max_iters)
        self._generators = list(modules_where(runner.model, _mixes_features))
        self._generator_alphas = [generator.alpha for generator in self._generators]
        # With probs, mmpretrain adds None for the steps that mix nothing.
        self._preprocessors = [
            (module, module.batch_augments, [(a, a.alpha) for a in module.batch_augments.augments if a is not None])
            for module in modules_where(runner.model, _mixes_images)
        ]
        if not self._generators and not self._preprocessors:
            raise ConfigError('MixupHook found nothing to switch: the model has no pairs=... and no batch_augments')
        self._apply(stage_at(self.starts, runner.iter))

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        self._apply(stage_at(self.starts, runner.iter))

    def _apply(self, index: int) -> None:
        enabled, alpha = self.stages[index].get('enabled', True), self.stages[index].get('alpha')
        for generator, own_alpha in zip(self._generators, self._generator_alphas, strict=True):
            generator.enabled = enabled
            generator.alpha = own_alpha if alpha is None else alpha
        for preprocessor, batch_augments, augments in self._preprocessors:
            preprocessor.batch_augments = batch_augments if enabled else None
            for augment, own_alpha in augments:
                augment.alpha = own_alpha if alpha is None else alpha


def _mixes_features(module: nn.Module) -> bool:
    return hasattr(module, 'enabled') and hasattr(module, 'alpha')


def _mixes_images(module: nn.Module) -> bool:
    return getattr(module, 'batch_augments', None) is not None
