"""dry_run: what a training would do, and nothing written."""

import copy
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger

from cft.apis import build_runner, dry_run, load_config, train
from cft.errors import ConfigError
from tests.support.command_line import TINY
from tests.support.image_folders import fill


def files_below(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob('*'))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return fill(tmp_path / 'images', per_class=20)


SMALL = {'model.backbone.depth': 18, 'model.head.in_channels': 512, 'image_size': 32, 'batch_size': 6, 'epochs': 10}


@pytest.mark.slow
def test_a_folder(tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure against what the run would have; the config is as it was; the same run trains afterwards."""
    monkeypatch.chdir(tmp_path)
    cfg = load_config('ce/r50_folder', SMALL | {'data_root': str(images)})
    source = load_config('ce/r50_folder', SMALL | {'data_root': str(images), 'work_dir': 'source'})
    model = build_runner(source).model
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'start.pth')
    settings = {'data_root': str(images), 'work_dir': 'runs/1', 'checkpoint': str(tmp_path / 'start.pth')}
    cfg = load_config('coin/r50_folder', SMALL | settings | {'model.head.contrastive.projector.in_channels': 512})
    before, there, loggers = copy.deepcopy(cfg.to_dict()), files_below(tmp_path), set(MMLogger._instance_dict)
    state = torch.get_rng_state()
    plan = dry_run(cfg)
    assert cfg.to_dict() == before and files_below(tmp_path) == there and torch.equal(torch.get_rng_state(), state)
    assert set(MMLogger._instance_dict) == loggers
    assert plan.images == {'training': 36, 'validation': 4, 'test': 4} and plan.classes == 2
    assert (plan.batch_size, plan.steps_per_epoch, plan.steps) == (6, 6, 60)
    assert plan.views == '1 view of 32 x 32' and plan.work_dir == 'runs/1' and plan.data == str(images)
    assert 'start.pth: ' in plan.checkpoint and f'{len(model.backbone.state_dict())} tensors loaded' in plan.checkpoint
    assert plan.stages == [
        'steps 1 to 42: loss_ce x 0, loss_con x 1; frozen: classifiers',
        'steps 43 to 60: loss_ce x 1, loss_con x 0.1',
    ]
    assert plan.optimizer.startswith('SGD, lr 0.01, momentum 0.9') and 'accuracy/top1' in plan.best
    assert 11e6 < plan.parameters < 12e6
    # Weights, gradients and momentum are the least that it takes.
    assert 12 * plan.parameters < plan.memory < 10 * 12 * plan.parameters
    assert 0 < plan.step_seconds < 60 and plan.seconds == 60 * plan.step_seconds
    assert 10 <= len(str(plan).splitlines()) <= 15
    runner = train(load_config('ce/r50_folder', SMALL | {'data_root': str(images), 'work_dir': 'runs/1', 'epochs': 1}))
    assert runner.iter == 6


@pytest.mark.slow
def test_length_in_iterations_and_memory_of_weights(tmp_path: Path) -> None:
    work_dir = tmp_path / 'no' / 'such' / 'folder'
    settings = [*TINY, f'work_dir={work_dir}', 'model.head.contrastive.projector=None']
    plan = dry_run(load_config('quickstart/coretuning_digits', settings))
    assert plan.steps == 4 and plan.steps_per_epoch is None and plan.classes == 10
    assert plan.images == {'training': 50, 'validation': 297, 'test': 500}
    assert 'FocalSupConLoss with HardPairMixup' in plan.method and plan.checkpoint == 'none: random weights'
    assert not (tmp_path / 'no').exists()
    assert re.search(r'^length +4 steps$', str(plan), re.MULTILINE)
    assert re.search(r'^cost +about .* a step, .*; about .*B of memory$', str(plan), re.MULTILINE)


def test_several_views_and_clusters(tmp_path: Path) -> None:
    plan = dry_run(load_config('quickstart/deepcluster_digits', [f'work_dir={tmp_path / "run"}']))
    assert plan.views == '2 views of 16 x 16' and plan.steps == 60 * plan.steps_per_epoch
    assert plan.memory is None and 'nothing has been clustered yet' in str(plan)


@pytest.mark.slow
def test_data_that_would_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {'drawn_data.num_train': 8, 'drawn_data.num_val': 4, 'work_dir': 'run'}
    plan = dry_run(load_config('quickstart/ce_seg', settings))
    assert plan.data.endswith('(drawn by the first run)') and plan.images['training'] == 8
    assert files_below(tmp_path) == []


def test_checks_are_those_of_a_run(tmp_path: Path) -> None:
    """What stops a training before its first step stops the dry run, and leaves nothing."""
    for name in 'ab':
        (tmp_path / 'images' / name).mkdir(parents=True)
        for number in range(2):
            cv2.imwrite(str(tmp_path / 'images' / name / f'{number}.png'), np.zeros((9, 9, 3), np.uint8))
    options = SMALL | {'data_root': str(tmp_path / 'images'), 'work_dir': str(tmp_path / 'run')}
    wrong = [
        ({'model.head.num_classes': 3}, 'num_classes is 3, but the data has 2 classes'),
        ({'work_dir': str(tmp_path / 'images' / 'a' / '0.png' / 'run')}, '0.png is a file; give another folder'),
        ({'launcher': 'pytorch'}, 'a dry run is one process; leave out the launcher pytorch'),
    ]
    for settings, told in wrong:
        with pytest.raises(ConfigError, match=told):
            dry_run(load_config('ce/r50_folder', options | settings))
    assert not (tmp_path / 'run').exists()
