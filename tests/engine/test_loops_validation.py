"""A validation that was cut short is made up for, so that the best checkpoint is that of the uninterrupted run."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from cft.apis import train
from cft.registry import HOOKS
from tests.support.digits_runs import short_config

VALIDATED: list[int] = []


@pytest.fixture(autouse=True)
def no_layout_of_config_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes more time than all else."""
    monkeypatch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, False))


class Crash(Exception):
    """Stands for a kill."""


@HOOKS.register_module()
class CrashInValidation(Hook):
    """Notes finished validations; dies within the one after an iteration."""

    priority = 'HIGHEST'

    def __init__(self, iteration: int | None) -> None:
        self.iteration = iteration

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if runner.iter == self.iteration:
            raise Crash

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        VALIDATED.append(runner.iter)


def config(work_dir: Path, by_epoch: bool, crash_at: int | None = None) -> Config:
    """Six iterations, in epochs of two if ``by_epoch``, with a validation and then another checkpoint every two."""
    cfg = short_config('ce', work_dir, iterations=6, train_cfg__val_interval=2)
    if by_epoch:
        cfg.train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=3, val_interval=1)
        cfg.train_dataloader.update(batch_size=25, sampler=dict(type='DefaultSampler', shuffle=True))
    interval = 1 if by_epoch else 2
    cfg.default_hooks.checkpoint.update(by_epoch=by_epoch, interval=interval, save_best='accuracy/top1')
    cfg.custom_hooks = [dict(type='cft.CrashInValidation', iteration=crash_at), dict(type='EMAHook', momentum=0.3)]
    return cfg


def best(work_dir: Path, name: str) -> tuple:
    """Best score that the last checkpoint knows of, and the names of the best files."""
    info = torch.load(work_dir / name, weights_only=False)['message_hub']['runtime_info']
    return info['best_score'], Path(info['best_ckpt']).name, sorted(path.name for path in work_dir.glob('best_*'))


@pytest.mark.parametrize('by_epoch', [False, True])
@pytest.mark.parametrize('crash_at', [2, 6])
def test_interrupted_validation(by_epoch: bool, crash_at: int, tmp_path: Path) -> None:
    VALIDATED.clear()
    train(config(tmp_path / 'whole', by_epoch))
    assert VALIDATED == [2, 4, 6]
    with pytest.raises(Crash):
        train(config(tmp_path / 'killed', by_epoch, crash_at))
    VALIDATED.clear()
    cfg = config(tmp_path / 'killed', by_epoch)
    cfg.resume = True
    train(cfg)
    assert [*range(crash_at, 7, 2)] == VALIDATED
    name = 'epoch_3.pth' if by_epoch else 'iter_6.pth'
    assert best(tmp_path / 'whole', name) == best(tmp_path / 'killed', name)


def test_finished_validation_is_not_repeated(tmp_path: Path) -> None:
    """The first one is the best so far: its checkpoint was written again and says that it is done."""
    train(config(tmp_path, by_epoch=False))
    VALIDATED.clear()
    cfg = config(tmp_path / 'resumed', by_epoch=False)
    cfg.resume, cfg.load_from = True, str(tmp_path / 'iter_2.pth')
    train(cfg)
    assert VALIDATED == [4, 6]
