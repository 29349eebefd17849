"""Checkpoints of other classes, models and orders, in every task: neither tested nor resumed."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import build_runner, train
from cft.apis import test as evaluate
from cft.apis.running.runner import EvaluationRunner
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError
from tests.support.tasks import TASKS, quickstart_config

Made = Callable[[str], tuple[Config, dict]]


@pytest.fixture(autouse=True)
def no_layout_of_config_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, False))


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The config of a task, and what a checkpoint of it holds for a test."""
    folder, known = tmp_path_factory.mktemp('tasks'), {}

    def make(task: str) -> tuple[Config, dict]:
        cfg = quickstart_config('ce', task, folder / 'data', folder / task)
        if task not in known:
            runner = build_runner(cfg, EvaluationRunner)
            dataset = runner.build_dataloader(cfg.test_dataloader).dataset
            state = unwrap_model(runner.model).state_dict()
            known[task] = {'state_dict': state, 'meta': {'dataset_meta': dict(dataset.metainfo)}}
            cfg = quickstart_config('ce', task, folder / 'data', folder / task)
        return cfg, known[task]

    return make


def with_classes(content: dict, change: Callable[[list], list]) -> dict:
    meta = content['meta']['dataset_meta']
    return {**content, 'meta': {'dataset_meta': {**meta, 'classes': change(list(meta['classes']))}}}


CHANGES: dict[str, tuple[Callable[[list], list], str]] = {
    'order': (lambda names: names[::-1], 'the classes of the data in another order: class 0'),
    'names': (lambda names: [*names[:-1], 'novel'], "other classes than the data: class . is 'novel'"),
    'number': (lambda names: [*names, 'novel'], r'it has \d+ classes \(.*\), the data \d+'),
}


@pytest.mark.parametrize('task', TASKS)
def test_neither_tested_nor_resumed(task: str, made: Made, tmp_path: Path) -> None:
    path = tmp_path / 'a.pth'
    # Names are compared alike in all tasks.
    for change, message in [CHANGES['order'], *([CHANGES['names'], CHANGES['number']] if task == 'cls' else [])]:
        cfg, content = made(task)
        torch.save(with_classes(content, change), path)
        cfg.load_from = str(path)
        with pytest.raises(ConfigError, match=f'a.pth cannot be tested on these classes: .*{message}'):
            evaluate(cfg)
    cfg, content = made(task)
    change, message = CHANGES['number']
    torch.save(with_classes(content, change), path)
    with pytest.raises(ConfigError, match=f'a.pth cannot be resumed on these classes: .*{message}'):
        train(cfg, resume=path)


@pytest.mark.parametrize(('task', 'other'), [('cls', 'seg'), ('seg', 'det'), ('det', 'cls'), ('dg', 'det')])
def test_a_checkpoint_of_another_task(task: str, other: str, made: Made, tmp_path: Path) -> None:
    """Networks of these tasks have a backbone of the same names."""
    torch.save(made(other)[1], tmp_path / 'a.pth')
    cfg, _ = made(task)
    cfg.load_from = str(tmp_path / 'a.pth')
    with pytest.raises(
        ConfigError, match=r'a.pth (is no checkpoint of this model: it lacks|holds no tensor of the model)'
    ):
        evaluate(cfg)


def test_it_is_tested_on_its_own(made: Made, tmp_path: Path) -> None:
    cfg, content = made('seg')
    torch.save(content, tmp_path / 'a.pth')
    cfg.load_from = str(tmp_path / 'a.pth')
    assert 0 <= evaluate(cfg)['mIoU'] <= 100
