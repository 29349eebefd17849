"""The config of every data set trains a step and tests on small files in the layout that its preparation leaves."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import load_config, train
from cft.engine.config_nodes import iterate_dicts
from tests.support.data_set_configs import METHODS, R50, VOC, data_of, write_data_set
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule

# Sides of the published images, and of those here.
SMALLER = {224: 32, 256: 36, 272: 38}
SIDES = {'RandomResizedCrop': 'scale', 'ResizeEdge': 'scale', 'RandomCrop': 'crop_size', 'CenterCrop': 'crop_size'}


@pytest.fixture(scope='module')
def files() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('data')


def short(config: Path, root: Path, work_dir: Path, overrides: dict | None = None) -> Config:
    """A config on small data: a step of a narrow ResNet-18 on images of 32 pixels, then the test."""
    cfg = load_config(config, {**(overrides or {}), 'data_root': str(root)})
    for _, step in iterate_dicts(cfg._cfg_dict):
        key = SIDES.get(str(step.get('type')))
        if key is not None:
            step[key] = SMALLER[step[key]]
    cfg.model.backbone.update(depth=18, stem_channels=4, base_channels=4)
    cfg.model.head.in_channels = 32
    if cfg.train_dataloader.dataset.type == 'cft.LabelTable':
        # The small data have two classes.
        cfg.model.head.num_classes = 2
        for metric in cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]:
            metric.update(dict(topk=(1,)) if metric.type == 'Accuracy' else {})
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, pin_memory=False)
    cfg.train_dataloader.batch_size = 120
    cfg.train_cfg.max_epochs = 1
    fit_schedule(cfg)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = re.sub(r'\W', '_', str(work_dir))
    return cfg


def check_step_and_test(cfg: Config) -> dict[str, float]:
    runner = train(cfg)
    assert runner.iter == 1
    losses = {name: value.current() for name, value in runner.message_hub.log_scalars.items() if 'loss' in name}
    assert losses and all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    measures = runner.test()
    assert all(0 <= value <= 100 for value in measures.values())
    return measures


@pytest.mark.parametrize('name', [*R50, VOC])
def test_step_and_test_of_every_data_set(name: str, folder: Path, files: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cfg = short(CONFIGS / 'ce' / f'{name}.py', write_data_set(data_of(name), folder, files), tmp_path)
    measures = check_step_and_test(cfg)
    # Both classes of the small iNaturalist have few images.
    groups = {'accuracy/few'} if name == 'r50_inat18' else set()
    assert groups < set(measures) <= {'accuracy/top1', 'accuracy/top5', 'multi-label/mAP'} | groups


# The linear decay of ImageNet20, whose images come from a table, and two views of the rotated ones from arrays.
@pytest.mark.slow
@pytest.mark.parametrize('name', ['r50_imagenet20', 'r50_cifar10_rotated'])
@pytest.mark.parametrize('method', METHODS)
def test_step_and_test_of_every_method(
    method: str, name: str, folder: Path, files: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cfg = short(CONFIGS / method / f'{name}.py', write_data_set(data_of(name), folder, files), tmp_path)
    check_step_and_test(cfg)


def test_validation_images_for_tuning(folder: Path, files: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The config that configs/ce/README.md gives holds images out of the training, not of the test."""
    text = re.search(r'```python\n(.*?)```', (CONFIGS / 'ce' / 'README.md').read_text(), re.DOTALL)
    assert text is not None
    (tmp_path / 'configs').symlink_to(CONFIGS)
    (tmp_path / 'tuned.py').write_text(text[1])
    small = short(tmp_path / 'tuned.py', write_data_set('cars', folder, files), tmp_path / 'run')
    small.val_dataloader.update(num_workers=0, persistent_workers=False, pin_memory=False)
    small.val_evaluator.topk = (1,)
    runner = train(small)
    sizes = [len(loader.dataset) for loader in (runner.train_dataloader, runner.val_dataloader)]
    assert sizes == [6, 2] and runner.message_hub.get_scalar('val/accuracy/top1').current() >= 0
    assert list((tmp_path / 'run').glob('best_accuracy_top1_epoch_1.pth'))
