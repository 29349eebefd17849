"""Compare the classifier's width with the classes and labels of the data, before training."""

import numpy as np
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset

from cft.datasets.sample_infos import parts_of, sample_infos
from cft.engine.class_heads import num_classes_of
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError
from cft.registry import HOOKS


@HOOKS.register_module()
class NumClassesCheckHook(Hook):
    """Stop with one clear error if a head's ``num_classes`` is not the data's, or a label is out of range.

    A head is any module of the model whose name ends in ``head`` and that has
    ``num_classes``, whatever the task; ``rpn_head`` and ``semantic_head`` have
    classes of their own. Datasets that do not name their classes are not
    checked for their number. Labels of whole images that are read from an
    annotation file must lie from 0 to ``num_classes - 1``; those that come from
    folders do. A metric's ``topk`` can be no larger than the number of classes.
    Loops that say ``new_classes``, such as :class:`cft.engine.loops.FewShotValLoop`,
    have classes of their own.

    Example:
        >>> default_hooks = dict(num_classes_check=dict(type='cft.NumClassesCheckHook'))
    """

    def before_train(self, runner: Runner) -> None:
        self._check(runner, runner.train_dataloader)
        if runner.val_loop is not None:
            _check_topk(runner, runner.val_loop.evaluator)

    def before_val(self, runner: Runner) -> None:
        if getattr(runner.val_loop, 'new_classes', False):
            return
        self._check(runner, runner.val_dataloader)
        _check_topk(runner, runner.val_loop.evaluator)

    def before_test(self, runner: Runner) -> None:
        if getattr(runner.test_loop, 'new_classes', False):
            return
        self._check(runner, runner.test_dataloader)
        _check_topk(runner, runner.test_loop.evaluator)

    @staticmethod
    def _check(runner: Runner, dataloader: DataLoader) -> None:
        found = num_classes_of(unwrap_model(runner.model))
        for name, number in found.items():
            _check_labels(dataloader.dataset, name, number)
        classes = getattr(dataloader.dataset, 'metainfo', {}).get('classes')
        if classes is None:
            return
        wrong = {name: number for name, number in found.items() if number != len(classes)}
        if wrong:
            names = ', '.join(map(str, classes[:5])) + (', ...' if len(classes) > 5 else '')
            numbers = ', '.join(f'model.{name}.num_classes is {number}' for name, number in wrong.items())
            options = ' '.join(f'model.{name}.num_classes={len(classes)}' for name in wrong)
            raise ConfigError(
                f'{numbers}, but the data has {len(classes)} classes ({names}); set --cfg-options {options}'
            )


def _check_topk(runner: Runner, evaluator: Evaluator) -> None:
    """A metric says so itself, after the evaluation."""
    fewest = min(num_classes_of(unwrap_model(runner.model)).values(), default=None)
    for metric in evaluator.metrics:
        largest = max(np.ravel(getattr(metric, 'topk', 0)), default=0)
        if fewest is not None and largest > fewest:
            raise ConfigError(
                f'{type(metric).__name__} has topk={metric.topk}, but there are {fewest} classes; give it topk=(1,) or '
                f'others of at most {fewest}'
            )


def _check_labels(dataset: Dataset, head: str, num_classes: int) -> None:
    for part, indices in parts_of(dataset):
        # What is labelled with boxes or maps has no gt_label.
        file = getattr(part, 'ann_file', None)
        if not file or not any('gt_label' in i for i in sample_infos(part, indices[:1])):
            continue
        for info in sample_infos(part, indices):
            wrong = [int(label) for label in np.ravel(info.get('gt_label', ())) if not 0 <= label < num_classes]
            if wrong:
                raise ConfigError(
                    f'{info.get("img_path", "a sample")} has the label {wrong[0]} in {file}, but '
                    f'model.{head}.num_classes is {num_classes}: labels are 0 to {num_classes - 1}; correct the label, '
                    'or the number of classes'
                )
