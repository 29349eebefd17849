"""Compare the classifier's width with the classes of the data, before training."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError
from cft.registry import HOOKS


@HOOKS.register_module()
class NumClassesCheckHook(Hook):
    """Stop with one clear error if ``model.head.num_classes`` is not the data's.

    Datasets that do not name their classes are not checked.

    Example:
        >>> default_hooks = dict(num_classes_check=dict(type='cft.NumClassesCheckHook'))
    """

    def before_train(self, runner: Runner) -> None:
        self._check(runner, runner.train_dataloader)

    def before_val(self, runner: Runner) -> None:
        self._check(runner, runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        self._check(runner, runner.test_dataloader)

    @staticmethod
    def _check(runner: Runner, dataloader: DataLoader) -> None:
        classes = getattr(dataloader.dataset, 'metainfo', {}).get('classes')
        num_classes = getattr(getattr(unwrap_model(runner.model), 'head', None), 'num_classes', None)
        if classes is not None and num_classes is not None and len(classes) != num_classes:
            names = ', '.join(map(str, classes[:5])) + (', ...' if len(classes) > 5 else '')
            raise ConfigError(
                f'model.head.num_classes is {num_classes}, but the data has {len(classes)} classes ({names}); '
                f'set --cfg-options model.head.num_classes={len(classes)}'
            )
