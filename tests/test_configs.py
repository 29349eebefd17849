"""Every config builds and takes a training step on tiny data through the real runner."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import load_config, train
from cft.engine.config_nodes import iterate_dicts
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule

ALL = sorted(
    path
    for path in CONFIGS.glob('*/*.py')
    if path.parent.name not in ('_base_', 'quickstart', 'sce', 'ressl', 'mocov2', 'hexa', 'deepcluster')
    and not path.stem.endswith(('_seg', '_det', '_fpn', '_dg'))
    and not path.stem.startswith(('vit_b16_', 'beit_b16_'))
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
    if path.parent.name in ('scl', 'coretuning', 'coin', 'schane'):
        assert losses['train/loss_con'] > 0
    gradient = next(iter(runner.optim_wrapper.optimizer.state.values()))
    assert gradient['momentum_buffer'].abs().sum() > 0


def test_there_is_a_config_for_every_method_and_data_set() -> None:
    found = {(path.parent.name, path.stem) for path in ALL}
    for method in ('ce', 'scl', 'coretuning', 'coin', 'schane'):
        assert {(method, f'r50_{data}') for data in ('cifar10', 'cifar100', 'folder')} <= found


@pytest.mark.parametrize(('name', 'eta', 'alpha'), [('r50_cifar10', 0.1, 1.0), ('r50_cifar100', 1.0, 0.1)])
def test_published_settings_of_core_tuning(name: str, eta: float, alpha: float) -> None:
    """Table 2 of the appendix."""
    cfg = load_config(CONFIGS / 'coretuning' / f'{name}.py')
    branch = cfg.model.head.contrastive
    assert (branch.loss_weight, branch.pairs.alpha, branch.pairs.negative_threshold) == (eta, alpha, 0.8)
    assert (branch.loss.temperature, branch.projector.out_channels, branch.projector.num_layers) == (0.07, 256, 2)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.momentum, optimizer.weight_decay, optimizer.nesterov) == (0.01, 0.9, 1e-4, True)
    assert (cfg.train_dataloader.batch_size, cfg.train_cfg.max_epochs) == (256, 100)
