"""Curves from the logs of a run."""

import json
from pathlib import Path

import pytest

from cft.experiments import read_curves
from cft.experiments.progress import TimeLeft, log_position


def log(work_dir: Path, start: str, *lines: dict | str) -> None:
    folder = work_dir / start / 'vis_data'
    folder.mkdir(parents=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / 'scalars.json').write_text('\n'.join(texts))


def trained(step: int, loss: float) -> dict:
    return {'lr': 0.1, 'loss': loss, 'time': 0.2, 'data_time': 0.1, 'iter': step, 'step': step}


def record(work_dir: Path, **train_cfg: object) -> None:
    (work_dir / 'record.json').write_text(json.dumps({'starts': [{'config': {'train_cfg': train_cfg}}]}))


def test_validations_of_iterations_stand_at_their_step(tmp_path: Path) -> None:
    """They are logged without it; the training is logged less often here."""
    judged = [{'accuracy/top1': float(value), 'step': 0} for value in range(5)]
    record(tmp_path, max_iters=47, val_interval=10)
    log(tmp_path, '1', trained(1, 3.0), judged[0], judged[1], trained(25, 2.0), judged[2], judged[3], judged[4])
    curves = read_curves(tmp_path)
    assert curves['val'] == {'step': [10, 20, 30, 40, 47], 'accuracy/top1': [0.0, 1.0, 2.0, 3.0, 4.0]}
    assert curves['train'] == {'step': [1, 25], 'lr': [0.1, 0.1], 'loss': [3.0, 2.0]}


@pytest.mark.parametrize('steps_per_epoch', [None, 30])
def test_validations_of_epochs(tmp_path: Path, steps_per_epoch: int | None) -> None:
    record(tmp_path, max_epochs=2, val_interval=1)
    judged = [{'mIoU': 50.0, 'step': 1}, {'mIoU': 60.0, 'aAcc': 70.0, 'step': 2}]
    log(tmp_path, '1', trained(20, 3.0), judged[0], trained(40, 2.0), trained(60, 2.0), judged[1])
    curve = read_curves(tmp_path, steps_per_epoch)['val']
    assert curve == {'step': [30 if steps_per_epoch else 20, 60], 'mIoU': [50.0, 60.0], 'aAcc': [None, 70.0]}


def test_the_later_start_counts(tmp_path: Path) -> None:
    """Killed in a line after step 6, resumed from step 4."""
    record(tmp_path, max_iters=8, val_interval=2)
    rows = [trained(step, float(step)) for step in range(1, 7)]
    log(tmp_path, '20260101_1', *rows[:2], {'a': 1.0, 'step': 0}, *rows[2:4], {'a': 2.0, 'step': 0}, *rows[4:], '{"lo')
    again = [trained(step, 10.0 * step) for step in range(5, 9)]
    log(tmp_path, '20260101_2', *again[:2], {'a': 3.0, 'step': 0}, *again[2:], {'a': 4.0, 'step': 0})
    curves = read_curves(tmp_path)
    assert curves['train']['loss'] == [1.0, 2.0, 3.0, 4.0, 50.0, 60.0, 70.0, 80.0]
    assert curves['val'] == {'step': [2, 4, 6, 8], 'a': [1.0, 2.0, 3.0, 4.0]}


def test_position_in_a_log(tmp_path: Path) -> None:
    path = tmp_path / 'run.log'
    path.write_text('Iter(train) [ 40/80]  lr: 1\nIter(val) [1/2]\nsomething\n')
    assert log_position(path) == 'Iter(val) [1/2]'
    path.write_text('x\n' * 5000 + 'Epoch(train)  [3][ 20/300]  lr\n')
    assert log_position(path) == 'Epoch(train) [3][ 20/300]'


def test_time_left() -> None:
    left = TimeLeft(width=2)
    assert left.seconds({'a': 'ce'}, {}) is None
    for config, seconds in [('ce', 10.0), ('ce', 20.0), ('sce', 90.0)]:
        left.learn(config, seconds)
    # The mean of its config, of all where the config is new; what runs has done a part of it.
    assert left.seconds({'a': 'ce', 'b': 'sce', 'c': 'new'}, {'b': 30.0}) == (15 + 60 + 40) / 2
    assert left.seconds({'a': 'ce'}, {'a': 99.0}) == 0
