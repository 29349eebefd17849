"""Every pre-training and linear-probe config takes a step on real images, narrowed and shrunk."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import load_config, train
from cft.engine.config_nodes import iterate_dicts
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule

pytestmark = pytest.mark.slow

METHODS = ('sce', 'ressl', 'mocov2', 'hexa', 'deepcluster')
ALL = sorted(path for method in METHODS for path in (CONFIGS / method).glob('*.py'))
PRETRAINING = [path for path in ALL if not path.stem.endswith(('_linear', '_finetune'))]
PROBES = [path for path in ALL if path.stem.endswith('_linear')]


def settings_of(path: Path) -> str:
    return '\n'.join(line for line in path.read_text().splitlines() if not line.startswith('#'))


# Several methods share a protocol to the letter.
DIFFERENT_PROBES = list({settings_of(path): path for path in PROBES}.values())


def identify(path: Path) -> str:
    return f'{path.parent.name}/{path.stem}'


def narrow(model: dict) -> None:
    """ResNet-18 for ResNet-50, two narrow layers for a ViT, short queues, few prototypes."""
    vit = 'ViT' in model['backbone']['type'] or model['backbone']['type'] == 'VisionTransformer'
    if vit:
        heads = model['backbone']['arch'].get('num_heads', 3) if isinstance(model['backbone']['arch'], dict) else 3
        model['backbone']['arch'] = dict(embed_dims=48, num_layers=2, num_heads=heads, feedforward_channels=96)
        model['backbone']['img_size'] = 32
    elif model['backbone'].get('depth') == 50:
        model['backbone']['depth'] = 18
    widths = {2048: 512, 384: 48}
    for _, node in iterate_dicts(model):
        if 'in_channels' in node:
            node['in_channels'] = widths.get(node['in_channels'], node['in_channels'])
        if 'hid_channels' in node:
            node['hid_channels'] = 32
    if 'queue_length' in model:
        model['queue_length'] = 64
    if 'num_prototypes' in model:
        model['num_prototypes'] = (4, 3)


def shrink(cfg: Config) -> None:
    """Twenty digits instead of the data set, crops of at most 32 pixels, one step."""
    narrow(cfg.model)
    if 'networks' in cfg:
        cfg.backbone = 'resnet18'
    dataset = cfg.train_dataloader.dataset
    pipeline = [step for step in dataset.pipeline if step['type'] not in ('cft.LoadImage', 'LoadImageFromBytes')]
    for _, step in iterate_dicts(pipeline):
        for name in ('size', 'scale'):
            if isinstance(step.get(name), int):
                step[name] = max(16, step[name] // 7) if step[name] > 64 else 32
    head = cfg.model.get('head', {})
    classes = tuple(map(str, range(head.get('num_classes', 10))))
    digits = dict(type='cft.Digits', pipeline=pipeline, metainfo=dict(classes=classes))
    cfg.train_dataloader.dataset = dict(type='cft.StratifiedSubset', per_class=2, dataset=digits)
    cfg.train_dataloader.update(batch_size=20, num_workers=0, persistent_workers=False, pin_memory=False)
    cfg.train_cfg.update(max_epochs=1)
    fit_schedule(cfg)
    cfg.default_hooks.checkpoint = dict(type='cft.AtomicCheckpointHook', interval=10)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.test_dataloader = cfg.test_cfg = cfg.test_evaluator = None


def one_step(path: Path, work_dir: Path) -> tuple[dict, dict, object]:
    """State before and after, and the runner."""
    cfg = load_config(path)
    shrink(cfg)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = identify(path).replace('/', '_')
    runner = train(cfg)
    losses = {name: value.current() for name, value in runner.message_hub.log_scalars.items() if 'loss' in name}
    assert runner.iter == 1
    assert losses
    assert all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    return losses, dict(runner.optim_wrapper.optimizer.state), runner


@pytest.mark.parametrize('path', PRETRAINING, ids=identify)
def test_a_step_of_pre_training(path: Path, tmp_path: Path) -> None:
    """The first layer of the backbone learns, unless it is fixed on purpose; views are as many as the config has."""
    losses, state, runner = one_step(path, tmp_path)
    if path.parent.name == 'hexa':
        assert losses['train/loss_adv'] > 0
        assert ('train/loss_cmx' in losses) == ('plus' in path.stem)
    if 'vit' not in path.stem:
        assert state[runner.model.backbone.conv1.weight]['momentum_buffer'].abs().sum() > 0
    if hasattr(runner.model, 'queue'):
        views = 2 if runner.model.symmetric else 1
        assert int(runner.model.queue.position) == 20 * views % 64


@pytest.mark.parametrize('path', DIFFERENT_PROBES, ids=identify)
def test_a_step_of_a_linear_probe(path: Path, tmp_path: Path) -> None:
    """Only the linear layer is in the optimiser's state."""
    _, state, runner = one_step(path, tmp_path)
    trained = {name for name, p in runner.model.named_parameters() if p in state}
    assert trained == {'head.fc.weight', 'head.fc.bias'}


def test_there_is_a_config_for_every_method_and_data_set() -> None:
    found = {identify(path) for path in ALL}
    small = [f'r18_{data}' for data in ('cifar10', 'cifar100', 'stl10', 'tinyimagenet')]
    for method in ('sce', 'ressl', 'mocov2'):
        for name in (*small, 'r50_imagenet100', 'r50_imagenet'):
            assert {f'{method}/{name}', f'{method}/{name}_linear'} <= found
    assert {f'hexa/dcluster_r50_imagenet_{crops}' for crops in ('2crop', '8crop')} <= found
    assert {'hexa/moco_r50_imagenet', 'hexa/moco_r50_imagenet_linear', 'sce/vit_s16_imagenet'} <= found


def test_published_settings_of_sce() -> None:
    """Section 4.3: LARS without biases and norms, scaled learning rates, six views of the stated sizes and scales."""
    for epochs, rate, decay, momentum in (
        (100, 0.5, 1e-6, 0.99), (200, 0.3, 1e-6, 0.99), (300, 0.3, 1e-6, 0.99), (1000, 0.3, 1.5e-6, 0.996),
    ):  # fmt: skip
        cfg = load_config(CONFIGS / 'sce' / f'r50_imagenet_lars_{epochs}e.py')
        optimizer = cfg.optim_wrapper.optimizer
        assert (optimizer.type, optimizer.lr, optimizer.weight_decay) == ('cft.LARS', rate * 4096 / 256, decay)
        assert cfg.optim_wrapper.constructor == 'cft.BiasAndNormExclusion'
        assert (cfg.train_cfg.max_epochs, cfg.custom_hooks[0].momentum) == (epochs, momentum)
        assert cfg.param_scheduler[0].end == 10
        assert (cfg.model.symmetric, cfg.model.queue_length, cfg.model.head.target_temperature) == (True, 65536, 0.07)
    cfg = load_config(CONFIGS / 'sce' / 'r50_imagenet_multicrop_200e.py')
    views = next(step for step in cfg.train_dataloader.dataset.pipeline if step.type.endswith('MultiView'))
    assert views.num_views == [1] * 6
    described = [
        (v[0].distribution, v[0]['size'], tuple(v[0].get('crop_ratio_range', (0.2, 1.0)))) for v in views.transforms
    ]
    assert described == [
        ('strong-alpha', 224, (0.2, 1.0)),
        ('strong-beta', 224, (0.2, 1.0)),
        ('strong-gamma', 192, (0.172, 0.86)),
        ('strong-gamma', 160, (0.143, 0.715)),
        ('strong-gamma', 128, (0.114, 0.571)),
        ('strong-gamma', 96, (0.086, 0.429)),
    ]


def test_published_settings_of_hexa() -> None:
    """Sections 3.1, 3.2 and 5.1: one step of size 1 within 1 of 255, Beta(5, 3); HEXA+ has both terms."""
    for name, both in (
        ('moco_r50_imagenet', 0),
        ('dcluster_r50_imagenet_8crop', 0),
        ('dcluster_plus_r50_imagenet_8crop', 1),
    ):
        hard = load_config(CONFIGS / 'hexa' / f'{name}.py').model.hard_examples
        assert (hard.epsilon, hard.step, hard.adversarial_weight, hard.cutmix_weight) == (1, 1, 1, both)
        assert (hard.get('alpha', 5), hard.get('beta', 3)) == (5, 3)
