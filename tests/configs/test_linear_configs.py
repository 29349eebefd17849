"""Schedules and linear probes: published figures, the learning rate over a run, a run of each probe."""

from math import cos, pi
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS
from mmpretrain.registry import MODELS

from cft.apis import load_config, train
from cft.errors import ConfigError
from cft.experiments import read_curves
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule
from tests.support.ssl_data_files import write_imagenet

SCHEDULES = CONFIGS / '_base_' / 'schedules'
# Optimiser, learning rate, momentum, weight decay, batch, epochs.
PUBLISHED = {
    'ssl_imagenet_200e': ('SGD', 0.5 * 512 / 256, 0.9, 1e-4, 512, 200),
    'ssl_imagenet100_200e': ('SGD', 0.3 * 512 / 256, 0.9, 1e-4, 512, 200),
    'ssl_lars_100e': ('cft.LARS', 0.5 * 4096 / 256, 0.9, 1e-6, 4096, 100),
    'ssl_lars_200e': ('cft.LARS', 0.3 * 4096 / 256, 0.9, 1e-6, 4096, 200),
    'ssl_lars_300e': ('cft.LARS', 0.3 * 4096 / 256, 0.9, 1e-6, 4096, 300),
    'ssl_lars_1000e': ('cft.LARS', 0.3 * 4096 / 256, 0.9, 1.5e-6, 4096, 1000),
    'mocov2_200e': ('SGD', 0.03, 0.9, 1e-4, 256, 200),
    'deepcluster_200e': ('cft.LARS', 0.6, 0.9, 1e-6, 256, 200),
    'deepcluster_8crop_200e': ('cft.LARS', 4.8, 0.9, 1e-6, 4096, 200),
    'linear_100e': ('SGD', 30, 0.9, 0, 256, 100),
    'linear_sce_100e': ('SGD', 30, 0.9, 0, 512, 100),
    'linear_90e_cosine': ('SGD', 0.1 * 1024 / 256, 0.9, 0, 1024, 90),
    'linear_hexa_dcluster_100e': ('SGD', 0.3, 0.9, 1e-6, 256, 100),
    'linear_cifar_adamax_20e': ('Adamax', 0.1, None, 0, 256, 20),
    'sgd_100e': ('SGD', 0.01, 0.9, 1e-4, 256, 100),
    'sgd_linear_100e': ('SGD', 0.1, 0.9, 1e-4, 256, 100),
    'sgd_160e': ('SGD', 0.1, 0.9, 1e-4, 128, 160),
}
MOMENTUM = {
    'ssl_imagenet_200e': (0.996, 1.0, 'cosine'),
    'ssl_imagenet100_200e': (0.996, 1.0, 'cosine'),
    'ssl_lars_100e': (0.99, 1.0, 'cosine'),
    'ssl_lars_200e': (0.99, 1.0, 'cosine'),
    'ssl_lars_300e': (0.99, 1.0, 'cosine'),
    'ssl_lars_1000e': (0.996, 1.0, 'cosine'),
    'mocov2_200e': (0.999, None, 'constant'),
}
PROBES = {'r50_linear': 2048, 'r18_cifar_linear': 512, 'vit_s16_linear': 384}


@pytest.mark.parametrize('name', PUBLISHED)
def test_published_figures(name: str) -> None:
    cfg = Config.fromfile(SCHEDULES / f'{name}.py')
    kind, rate, momentum, decay, batch, epochs = PUBLISHED[name]
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.get('momentum'), optimizer.get('weight_decay', 0)) == (kind, momentum, decay)
    assert optimizer.lr == pytest.approx(rate)
    assert optimizer.get('eta') == (0.001 if kind.endswith('LARS') else None)
    assert (cfg.train_cfg.max_epochs, cfg.auto_scale_lr.base_batch_size) == (epochs, batch)
    constructor = cfg.optim_wrapper.get('constructor')
    assert constructor == ('cft.BiasAndNormExclusion' if name.startswith('ssl_lars') else None)
    hooks = [(h.momentum, h.get('end_momentum'), h.schedule) for h in cfg.get('custom_hooks', [])]
    assert hooks == ([MOMENTUM[name]] if name in MOMENTUM else [])


def rates(cfg: Config, epoch_length: int) -> list[float]:
    """The learning rate of every iteration, from MMEngine's own schedulers; without ``end`` they last as the loop."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=cfg.optim_wrapper.optimizer.lr)
    configs = cfg.param_scheduler if isinstance(cfg.param_scheduler, list) else [cfg.param_scheduler]
    shared = {'optimizer': optimizer, 'epoch_length': epoch_length}
    schedulers = [
        PARAM_SCHEDULERS.build({'end': cfg.train_cfg.max_epochs, **config}, default_args=shared) for config in configs
    ]
    seen = []
    for _ in range(cfg.train_cfg.max_epochs):
        for _ in range(epoch_length):
            seen.append(optimizer.param_groups[0]['lr'])
            optimizer.step()
            for scheduler in schedulers:
                if not scheduler.by_epoch:
                    scheduler.step()
        for scheduler in schedulers:
            if scheduler.by_epoch:
                scheduler.step()
    return seen


# Epochs of warm-up, its first and the run's last rate as parts of the full rate.
COSINES = {
    'ssl_imagenet_200e': (5, 1e-3, 0),
    'ssl_imagenet100_200e': (5, 1e-3, 0),
    'ssl_lars_100e': (10, 1e-3, 0),
    'ssl_lars_200e': (10, 1e-3, 0),
    'ssl_lars_300e': (10, 1e-3, 0),
    'ssl_lars_1000e': (10, 1e-3, 0),
    'deepcluster_200e': (0, 1, 1e-3),
    'deepcluster_8crop_200e': (10, 0.3 / 4.8, 1e-3),
    'linear_90e_cosine': (0, 1, 0),
    'sgd_100e': (0, 1, 0),
    'sgd_160e': (0, 1, 0),
    'adamw_vit_100e': (5, 1e-4, 5e-4),
    'adamw_vit_50e': (5, 1e-3, 0.01),
}


@pytest.mark.parametrize('name', COSINES)
def test_warm_up_and_cosine_by_iteration(name: str) -> None:
    cfg = Config.fromfile(SCHEDULES / f'{name}.py')
    warm_up, first, last = COSINES[name]
    length = 4
    seen = [rate / cfg.optim_wrapper.optimizer.lr for rate in rates(cfg, length)]
    start, total = warm_up * length, len(seen)
    assert total == cfg.train_cfg.max_epochs * length
    steps = range(start)
    assert seen[:start] == pytest.approx([first + (1 - first) * step / (start - 1) for step in steps], abs=1e-9)
    falling = [last + (1 - last) * (1 + cos(pi * step / (total - start))) / 2 for step in range(total - start)]
    assert seen[start:] == pytest.approx(falling, abs=1e-9)


def test_linear_decay_from_the_full_rate() -> None:
    """Core-tuning's ImageNet20: from 0.1 to 0, by iteration."""
    seen = rates(Config.fromfile(SCHEDULES / 'sgd_linear_100e.py'), 4)
    assert seen == pytest.approx([0.1 * (1 - step / 399) for step in range(400)], abs=1e-9)


@pytest.mark.parametrize(('name', 'epochs'), [('mocov2_200e', 200), ('linear_hexa_dcluster_100e', 100)])
def test_cosine_by_epoch(name: str, epochs: int) -> None:
    cfg = Config.fromfile(SCHEDULES / f'{name}.py')
    full = cfg.optim_wrapper.optimizer.lr
    expected = [full * (1 + cos(pi * epoch / epochs)) / 2 for epoch in range(epochs) for _ in range(2)]
    assert rates(cfg, 2) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ('name', 'phases'),
    [('linear_100e', [(30, 60), (3, 20), (0.3, 20)]), ('linear_cifar_adamax_20e', [(0.1, 7), (0.01, 7), (0.001, 6)])],
)
def test_steps(name: str, phases: list[tuple[float, int]]) -> None:
    expected = [rate for rate, epochs in phases for _ in range(epochs) for _ in range(2)]
    assert rates(Config.fromfile(SCHEDULES / f'{name}.py'), 2) == pytest.approx(expected)


@pytest.mark.parametrize(
    ('name', 'batch'),
    [
        *((f'{method}/r50_{data}_linear', 512) for method in ('sce', 'ressl') for data in ('imagenet', 'imagenet100')),
        ('mocov2/r50_imagenet100_linear', 512),
        ('mocov2/r50_imagenet_linear', 256),
        ('hexa/moco_r50_imagenet_linear', 256),
        ('sce/r50_imagenet_lars_linear', 1024),
    ],
)
def test_batches_of_the_probe_on_eight_devices(name: str, batch: int) -> None:
    """Learning rate 30 is MoCo's for 256 images and SCE's for 512."""
    cfg = load_config(name)
    assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == batch


def probe_config(tmp_path: Path, model: str, schedule: str, **overrides: object) -> Config:
    """A linear probe on twenty digits, one epoch."""
    path = tmp_path / f'{model}.py'
    bases = [f'models/{model}.py', f'schedules/{schedule}.py', 'default_runtime.py']
    path.write_text(f'_base_ = {[str(CONFIGS / "_base_" / base) for base in bases]}\n')
    cfg = load_config(path, overrides)
    cfg.model.head.num_classes = 10
    cfg.train_dataloader = dict(
        batch_size=10,
        num_workers=0,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=dict(
            type='cft.StratifiedSubset',
            per_class=2,
            dataset=dict(type='cft.Digits', size=32, pipeline=[dict(type='PackInputs')]),
        ),
    )
    cfg.train_cfg.max_epochs = 1
    fit_schedule(cfg)
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = str(tmp_path).replace('/', '_')
    return cfg


SMALL = {
    'r50_linear': ({'depth': 18, 'stem_channels': 4, 'base_channels': 4}, 32),
    'r18_cifar_linear': ({'stem_channels': 4, 'base_channels': 4}, 32),
    'vit_s16_linear': (
        {'arch': dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32), 'img_size': 32}, 16,
    ),
}  # fmt: skip


@pytest.mark.parametrize('model', PROBES)
@pytest.mark.parametrize('schedule', ['linear_100e', 'linear_cifar_adamax_20e'])
def test_probe_of_a_checkpoint(model: str, schedule: str, tmp_path: Path) -> None:
    """``checkpoint`` fills the backbone, and after an epoch it still holds the file's weights."""
    options, channels = SMALL[model]
    cfg = probe_config(tmp_path, model, schedule)
    assert cfg.model.head.in_channels == PROBES[model] and cfg.checkpoint is None
    backbone = MODELS.build({**cfg.model.backbone, **options})
    with torch.no_grad():
        for parameter in backbone.parameters():
            parameter.normal_(std=0.2)
    torch.save({'state_dict': backbone.state_dict()}, tmp_path / 'source.pth')

    cfg = probe_config(tmp_path, model, schedule, checkpoint=str(tmp_path / 'source.pth'))
    cfg.model.backbone.update(options)
    cfg.model.head.in_channels = channels
    runner = train(cfg)
    assert runner.iter == 2
    after = runner.model.backbone.state_dict()
    for name, value in backbone.state_dict().items():
        assert torch.equal(after[name], value), name
    assert runner.model.head.fc.bias.abs().sum() > 0


@pytest.mark.parametrize('model', PROBES)
def test_features_are_as_wide_as_the_head(model: str) -> None:
    """Which alone is trained, from MoCo's start: normal with deviation 0.01, bias 0."""
    cfg = Config.fromfile(CONFIGS / '_base_' / 'models' / f'{model}.py').model
    cfg.head.num_classes = 10
    probe = MODELS.build(cfg).eval()
    size = 224 if model.startswith('vit') else 32
    assert probe.extract_feat(torch.zeros(1, 3, size, size))[-1].shape == (1, cfg.head.in_channels)
    trained = {name for name, parameter in probe.named_parameters() if parameter.requires_grad}
    assert trained == {'head.fc.weight', 'head.fc.bias'}
    probe.head.init_weights()
    assert probe.head.fc.weight.std().item() == pytest.approx(0.01, rel=0.1) and not probe.head.fc.bias.any()


def test_checkpoint_of_another_depth_is_refused(tmp_path: Path) -> None:
    torch.save({'conv1.weight': torch.zeros(4, 3, 7, 7)}, tmp_path / 'other.pth')
    with pytest.raises(ConfigError, match='lacks'):
        train(probe_config(tmp_path, 'r50_linear', 'linear_100e', checkpoint=str(tmp_path / 'other.pth')))


@pytest.mark.slow
def test_curve_of_a_probe(tmp_path: Path) -> None:
    """HEXA's figure 3b: the validation images after each epoch; no epoch is chosen by it."""
    small = {f'model.backbone.{name}': value for name, value in SMALL['r50_linear'][0].items()}
    loaders = {
        f'{part}_dataloader.{name}': value
        for part in ('train', 'val', 'test')
        for name, value in (('num_workers', 0), ('persistent_workers', False))
    }
    data = {'data_root': str(write_imagenet(tmp_path / 'imagenet')), 'image_size': 32, 'batch_size': 50}
    cfg = load_config('hexa/dcluster_r50_imagenet_linear', {**small, **loaders, **data, 'model.head.in_channels': 32})
    cfg.train_cfg.max_epochs = 2
    fit_schedule(cfg)
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'run'), 'curve_of_a_probe'
    runner = train(cfg)
    curve = read_curves(tmp_path / 'run', len(runner.train_dataloader))['val']
    assert curve['step'] == [2, 4] and len(curve['accuracy/top1']) == 2
    assert not list((tmp_path / 'run').glob('best_*'))
