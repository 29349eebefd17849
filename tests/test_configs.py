"""Every config builds and takes a training step on tiny data through the real runner."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import load_config, train
from cft.engine.config_nodes import iterate_dicts
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule

# Those of the papers' data sets are held to the first one's text by tests/configs/test_method_files.py, and their data
# are read by tests/configs/test_data_sets.py.
STEMS = ('folder', 'r50_folder', 'folder_multilabel', 'r50_folder_multilabel', 'r50_cifar10', 'r50_cifar100')
ALL = sorted(
    path
    for path in CONFIGS.glob('*/*.py')
    if path.stem in STEMS and path.parent.name not in ('sce', 'ressl', 'mocov2', 'hexa', 'deepcluster')
)


def shrink(cfg: Config) -> None:
    """Twenty digits instead of the data set, crops of 32 pixels, one step."""
    dataset = cfg.train_dataloader.dataset
    pipeline = [step for step in dataset.pipeline if step['type'] != 'cft.LoadImage']
    for _, step in iterate_dicts(pipeline):
        if step.get('type') == 'RandomResizedCrop':
            step['scale'] = 32
    if 'networks' in cfg:
        cfg.backbone = 'resnet18'
    for term in cfg.model.get('regularizers', ()):
        # A ResNet-50 has thousands of filters.
        term.update(dict(images=20, masked_images=1) if term.type == 'cft.DELTA' else {})
    head = cfg.model.get('head', {})
    if 'num_classes' in head:
        head['num_classes'] = head['num_classes'] or 10
    classes = tuple(map(str, range(head.get('num_classes', 10))))
    digits = dict(type='cft.Digits', pipeline=pipeline, metainfo=dict(classes=classes))
    cfg.train_dataloader.dataset = dict(type='cft.StratifiedSubset', per_class=2, dataset=digits)
    cfg.train_dataloader.update(batch_size=20, num_workers=0, persistent_workers=False)
    cfg.train_cfg.update(max_epochs=1, val_interval=10)
    fit_schedule(cfg)
    cfg.default_hooks.checkpoint = dict(type='cft.AtomicCheckpointHook', interval=10)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None


@pytest.mark.parametrize('path', ALL, ids=lambda path: f'{path.parent.name}/{path.stem}')
def test_one_step(path: Path, tmp_path: Path) -> None:
    cfg = load_config(path)
    shrink(cfg)
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = f'{path.parent.name}_{path.stem}'
    runner = train(cfg)
    assert runner.iter == 1
    losses = {name: value.current() for name, value in runner.message_hub.log_scalars.items() if 'loss' in name}
    assert losses and all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    if path.parent.name in ('scl', 'coretuning', 'coin', 'schane', 'triplet', 'ce_simclr', 'noisytune'):
        assert losses['train/loss_con'] > 0
    gradient = next(iter(runner.optim_wrapper.optimizer.state.values()))
    assert gradient['momentum_buffer'].abs().sum() > 0


def test_there_is_a_config_for_every_method_and_data_set() -> None:
    found = {(path.parent.name, path.stem) for path in ALL}
    for method in ('ce', 'scl', 'coretuning', 'coin', 'schane'):
        assert {(method, f'r50_{data}') for data in ('cifar10', 'cifar100', 'folder')} <= found
