"""A figure that says nothing of the model makes no best checkpoint."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cft.engine.checkpointing import AtomicCheckpointHook
from cft.engine.checkpointing.scores import comparable_scores, is_comparable
from cft.errors import ConfigError
from tests.support.toy_run import toy_runner


@pytest.mark.parametrize(
    ('name', 'value', 'comparable'),
    [
        ('mIoU', 0.0, True),
        ('mIoU', np.float32(31.5), True),
        ('aAcc', torch.tensor(3.0), True),
        ('mIoU', float('nan'), False),
        ('loss', float('-inf'), False),
        ('loss', -1.0, True),
        ('coco/bbox_mAP', -1.0, False),
        ('coco/segm_mAP_50', -1, False),
        ('coco/AR@100', -1.0, False),
        ('coco/bbox_mAP', 0.0, True),
        ('confusion', 'a table', False),
    ],
)
def test_values(name: str, value: object, comparable: bool) -> None:
    assert is_comparable(name, value) == comparable
    assert (comparable_scores({name: value})[name] is not None) == comparable


def best_of(work_dir: Path, name: str, rule: str, *values: float) -> str | None:
    """Iteration of the best checkpoint after validations with these values."""
    runner = toy_runner(work_dir, [])
    hook = AtomicCheckpointHook(by_epoch=False, interval=1, save_best=name, rule=rule)
    hook.before_train(runner)
    for step, value in enumerate(values, start=1):
        runner.train_loop._iter = step
        hook._save_best_checkpoint(runner, {name: value})
    files = list(work_dir.glob('best_*.pth'))
    assert len(files) <= 1
    return files[0].stem.rpartition('_')[2] if files else None


NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize(
    ('name', 'rule', 'values', 'best'),
    [
        ('coco/bbox_mAP', 'greater', (-1.0, -1.0), None),
        ('coco/bbox_mAP', 'greater', (-1.0, 0.0, -1.0), '2'),
        ('mIoU', 'greater', (NAN, 3.0, NAN, 5.0, INF), '4'),
        ('loss', 'less', (-INF, 3.0, NAN, 2.0), '4'),
    ],
)
def test_best_checkpoint(name: str, rule: str, values: tuple, best: str | None, tmp_path: Path) -> None:
    assert best_of(tmp_path / 'work', name, rule, *values) == best


def test_a_metric_that_is_not_measured(tmp_path: Path) -> None:
    runner = toy_runner(tmp_path / 'work', [])
    hook = AtomicCheckpointHook(by_epoch=False, interval=1, save_best='mIuO', rule='greater')
    hook.before_train(runner)
    with pytest.raises(ConfigError, match=r"save_best='mIuO' is no metric of this validation; choose of \['mIoU'\]"):
        hook._save_best_checkpoint(runner, {'mIoU': 1.0})
