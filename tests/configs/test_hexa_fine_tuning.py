"""HEXA's fine-tuning: of parts of ImageNet (appendix B) and of CIFAR (appendix C)."""

from pathlib import Path

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import MODELS

from cft.apis import load_config, train
from tests.configs.test_linear_configs import rates
from tests.support.short_schedules import fit_schedule
from tests.support.ssl_data_files import write_cifar, write_imagenet

# Learning rate of the classifier, number of labelled images in SimCLR's list.
PARTS = {'1percent': (1.0, 12811), '10percent': (0.1, 128116), '100percent': (0.1, None)}
TINY = {
    'model.backbone.depth': 18,
    'model.backbone.stem_channels': 4,
    'model.backbone.base_channels': 4,
    'model.head.in_channels': 32,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'test_dataloader.num_workers': 0,
    'test_dataloader.persistent_workers': False,
}


@pytest.mark.parametrize('part', PARTS)
def test_learning_rates_of_backbone_and_classifier(part: str) -> None:
    cfg = load_config(
        f'hexa/r50_imagenet_{part}_finetune', {name: TINY[name] for name in TINY if name.startswith('model')}
    )
    head, images = PARTS[part]
    model = MODELS.build(cfg.model)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    found = {id(p): group['lr'] for group in optimizer.param_groups for p in group['params']}
    by_name = {name: found[id(parameter)] for name, parameter in model.named_parameters()}
    expected = {name: pytest.approx(head if name.startswith('head.') else 0.01) for name in by_name}
    assert by_name == expected and any(name.startswith('head.') for name in by_name)
    assert {(group['momentum'], group['weight_decay']) for group in optimizer.param_groups} == {(0.9, 5e-4)}
    assert isinstance(optimizer, torch.optim.SGD) and not optimizer.defaults['nesterov']
    phases = [(0.01, 12), (0.002, 4), (0.0004, 4)]
    assert rates(cfg, 2) == pytest.approx([rate for rate, epochs in phases for _ in range(2 * epochs)])
    assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 256
    assert cfg.train_dataloader.dataset.get('images') == images
    assert cfg.get('val_dataloader') is None


@pytest.mark.parametrize('classes', [10, 100])
def test_adamax_on_cifar(classes: int) -> None:
    cfg = load_config(f'hexa/r50_cifar{classes}_finetune')
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr in (5e-4, 1e-3, 1e-2), cfg.train_dataloader.batch_size) == (
        'Adamax',
        True,
        256,
    )
    phases = [(1e-3, 7), (1e-4, 7), (1e-5, 6)]
    assert rates(cfg, 2) == pytest.approx([rate for rate, epochs in phases for _ in range(2 * epochs)])
    assert cfg.model.head.num_classes == classes
    assert cfg.train_dataloader.dataset.type == f'cft.CIFAR{classes}'


@pytest.mark.slow
def test_a_run_on_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {'data_root': str(write_cifar(tmp_path / 'cifar', monkeypatch)), 'image_size': 32, 'batch_size': 6}
    cfg = load_config('hexa/r50_cifar10_finetune', {**TINY, **small, 'work_dir': str(tmp_path / 'run')})
    cfg.train_cfg.max_epochs = 1
    fit_schedule(cfg)
    cfg.experiment_name = 'hexa_fine_tuning_cifar'
    runner = train(cfg)
    assert runner.iter >= 1 and isinstance(runner.optim_wrapper.optimizer, torch.optim.Adamax)
    before = load_config('hexa/r50_cifar10_finetune').optim_wrapper.optimizer.lr
    assert runner.optim_wrapper.optimizer.param_groups[0]['initial_lr'] == before


@pytest.mark.slow
def test_a_run_on_a_listed_part_of_imagenet(tmp_path: Path) -> None:
    """The list lies beside the class folders; the images are fewer than SimCLR's."""
    root = write_imagenet(tmp_path / 'imagenet')
    names = sorted(path.name for path in (root / 'train').glob('*/*.JPEG'))[:8]
    (root / '1percent.txt').write_text('\n'.join(names) + '\n')
    small = {'data_root': str(root), 'image_size': 32, 'batch_size': 4, 'train_dataloader.dataset.images': 8}
    cfg = load_config('hexa/r50_imagenet_1percent_finetune', {**TINY, **small, 'work_dir': str(tmp_path / 'run')})
    cfg.train_cfg.max_epochs = 1
    fit_schedule(cfg)
    cfg.experiment_name = 'hexa_fine_tuning_part'
    assert train(cfg).iter == 2
