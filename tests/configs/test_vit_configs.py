"""Transformer configs: the recipes of MAE and SCHaNe, and a training step of each on small transformers."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from cft.apis import load_config, train
from cft.engine.config_nodes import iterate_dicts
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule

MAE = [
    *(f'ce/vit_b16_{data}' for data in ('cifar10', 'cifar100', 'pets', 'folder')),
    *(f'coin/vit_b16_mae_{data}' for data in ('cifar10', 'cifar100', 'pets', 'folder')),
    *(f'{method}/vit_b16_folder' for method in ('scl', 'coretuning', 'triplet', 'mm', 'l2sp', 'bss')),
    *(f'{method}/vit_b16_folder' for method in ('rifle', 'noisytune', 'bituning')),
]
# COIN's table 6 has more data sets; test_files_are_those_of_pets holds these to the one that takes a step.
LIKE_PETS = {'imagenet20': 20, 'dtd': 47, 'cars': 196, 'flowers': 102}
# In the place of weight decay.
WITHOUT_DECAY = ('l2sp/vit_b16_folder',)
# Without a contrastive loss, or without one in the only step: M&M's is of its second stage, Bi-tuning's queues are
# empty.
WITHOUT_CONTRAST = ('ce', 'mm', 'l2sp', 'bss', 'rifle', 'bituning')
# Those of other data sets are held to these by test_method_files.py.
BEIT = [f'{method}/beit_b16_{data}' for method in ('ce', 'schane') for data in ('cifar100', 'pets', 'folder')]
# SCHaNe's other plain transformer, likewise.
BEIT += ['ce/vit_b16_50e_cifar100', 'ce/vit_b16_50e_pets']
SMALL = dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=48)


def read(name: str) -> Config:
    return load_config(CONFIGS / f'{name}.py')


def test_no_config_is_forgotten() -> None:
    found = {
        f'{path.parent.name}/{path.stem}'
        for pattern in ('vit_b16_*', 'beit_b16_folder')
        for path in CONFIGS.glob(f'*/{pattern}.py')
    }
    more = [f'{stem}_{data}' for stem in ('ce/vit_b16', 'coin/vit_b16_mae') for data in LIKE_PETS]
    known = {*MAE, *more, *(name for name in BEIT if name.endswith('_folder'))}
    assert known <= found and all(name.startswith('ce/vit_b16_50e_') for name in found - known)


@pytest.mark.parametrize('data', LIKE_PETS)
def test_files_are_those_of_pets(data: str) -> None:
    for stem in ('ce/vit_b16', 'coin/vit_b16_mae'):
        expected = (CONFIGS / f'{stem}_pets.py').read_text()
        for before, after in (('datasets/pets', f'datasets/{data}'), ('vit_b16_pets', f'vit_b16_{data}')):
            expected = expected.replace(before, after)
        expected = expected.replace('num_classes=37', f'num_classes={LIKE_PETS[data]}')
        assert (CONFIGS / f'{stem}_{data}.py').read_text() == expected
    assert LIKE_PETS[data] == read(f'ce/r50_{data}').model.head.num_classes


@pytest.mark.parametrize('name', MAE)
def test_recipe_of_mae(name: str) -> None:
    """Its released command for ViT-B: 100 epochs, blr 5e-4, layer decay 0.65, weight decay 0.05, drop path 0.1."""
    cfg = read(name)
    optimizer = cfg.optim_wrapper.optimizer
    decay = 0 if name in WITHOUT_DECAY else 0.05
    assert (optimizer.type, optimizer.lr, optimizer.weight_decay) == ('AdamW', 5e-4 * 1024 / 256, decay)
    assert (cfg.train_cfg.max_epochs, cfg.auto_scale_lr) == (100, dict(base_batch_size=1024, enable=True))
    assert (cfg.model.backbone.drop_path_rate, cfg.model.backbone.arch) == (0.1, 'base')
    types = [step['type'] for _, step in iterate_dicts(cfg.train_dataloader.dataset.pipeline) if 'type' in step]
    assert types[-4:] == ['RandomFlip', 'RandAugment', 'RandomErasing', 'PackInputs']


@pytest.mark.parametrize('name', BEIT)
def test_recipe_of_schane(name: str) -> None:
    """Implementation details: 50 epochs of 1024, 1e-4, weight decay 0.05, dropout 0.1, AutoAugment, lambda 0.9."""
    cfg = read(name)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr, optimizer.weight_decay) == ('AdamW', 1e-4, 0.05)
    assert (cfg.train_cfg.max_epochs, cfg.auto_scale_lr.base_batch_size) == (50, 1024)
    assert cfg.model.backbone.drop_rate == 0.1
    steps = [step for _, step in iterate_dicts(cfg.train_dataloader.dataset.pipeline) if 'type' in step]
    types = [step['type'] for step in steps]
    assert types[-4 if name.startswith('ce') else -3 :][0] in ('RandomResizedCrop', 'RandomFlip', 'AutoAugment')
    assert types.count('AutoAugment') == 1 and types.index('AutoAugment') > types.index('RandomFlip')
    views = [step['num_views'] for step in steps if 'num_views' in step]
    assert views == ([2] if name.startswith('schane') else [])
    if name.startswith('schane'):
        assert (cfg.model.head.loss_weights, cfg.model.head.contrastive.loss.temperature) == (
            dict(loss_ce=0.1, loss_con=0.9), 0.5,
        )  # fmt: skip


def shrink(cfg: Config, work_dir: Path) -> None:
    """Twenty digits of 32 pixels, one step of a transformer of two layers."""
    cfg.model.backbone.update(arch=SMALL, img_size=32, patch_size=8)
    cfg.model.head.update(in_channels=24, num_classes=cfg.model.head.num_classes or 10)
    pipeline = [step for step in cfg.train_dataloader.dataset.pipeline if step['type'] != 'cft.LoadImage']
    for _, step in iterate_dicts(pipeline):
        if step.get('type') == 'RandomResizedCrop':
            step['scale'] = 32
    classes = tuple(map(str, range(cfg.model.head.num_classes)))
    digits = dict(type='cft.Digits', pipeline=pipeline, metainfo=dict(classes=classes))
    cfg.train_dataloader.dataset = dict(type='cft.StratifiedSubset', per_class=2, dataset=digits)
    cfg.train_dataloader.update(batch_size=20, num_workers=0, persistent_workers=False)
    cfg.train_cfg.update(max_epochs=1, val_interval=10)
    fit_schedule(cfg)
    cfg.default_hooks.checkpoint = dict(type='cft.AtomicCheckpointHook', interval=10)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = str(work_dir).replace('/', '_')


@pytest.mark.parametrize('name', [*MAE, *BEIT])
def test_one_step(name: str, tmp_path: Path) -> None:
    cfg = read(name)
    assert cfg.checkpoint is None
    shrink(cfg, tmp_path)
    runner = train(cfg)
    assert runner.iter == 1
    losses = {key: value.current() for key, value in runner.message_hub.log_scalars.items() if 'loss' in key}
    assert losses and all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    if name.split('/')[0] not in WITHOUT_CONTRAST:
        assert losses['train/loss_con'] > 0
    moments = runner.optim_wrapper.optimizer.state[runner.model.backbone.patch_embed.projection.weight]
    assert moments['exp_avg'].abs().sum() > 0


def test_rates_by_layer(tmp_path: Path) -> None:
    """MAE's lr_decay.py: 0.65 to the power of the layers above; no decay of one dimension and of the tokens."""
    cfg = read('coin/vit_b16_mae_folder')
    shrink(cfg, tmp_path)
    runner = train(cfg)
    names = {id(parameter): name for name, parameter in runner.model.named_parameters()}
    groups = {names[id(group['params'][0])]: group for group in runner.optim_wrapper.optimizer.param_groups}
    assert len(groups) == len(names)
    full = 2e-3 * 20 / 1024
    above = {'backbone.layers.0': 2, 'backbone.layers.1': 1, 'backbone.ln2': 0, 'head': 0}
    for name, group in groups.items():
        power = next((power for prefix, power in above.items() if name.startswith(prefix)), 3)
        assert group['initial_lr'] == pytest.approx(full * 0.65**power), name
        spared = group['params'][0].ndim == 1 or name in ('backbone.cls_token', 'backbone.pos_embed')
        assert group['weight_decay'] == (0 if spared else 0.05), name


@pytest.mark.parametrize('name', ['coin/vit_b16_mae_folder', 'scl/vit_b16_folder', 'coretuning/vit_b16_folder'])
def test_head_of_the_full_width(name: str) -> None:
    """The head fills in the projector's width, and MAE's tiny start is the linear layer's alone."""
    cfg = read(name).model.head
    cfg.num_classes = 10
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        head = MODELS.build(cfg)
        head.init_weights()
    first = head.contrastive.projector.layers[0]
    assert first.in_features == 768 and head.fc.in_features == 768
    assert head.fc.weight.std().item() == pytest.approx(2e-5, rel=0.1) and first.weight.std() > 1e-3


def test_features_are_the_normalised_mean_of_the_patches() -> None:
    """MAE's --global_pool: no norm of the encoder before the mean, a new one after it, no class token in it."""
    cfg = read('ce/vit_b16_folder').model.backbone
    cfg.update(arch=SMALL, img_size=32, patch_size=8)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        backbone = MODELS.build(cfg)
        raw = MODELS.build({**cfg, 'out_type': 'raw'})
    for module in (backbone, raw):
        module.eval()
    backbone.ln2.weight.data.uniform_(0.5, 1.5)
    missing, unexpected = raw.load_state_dict(backbone.state_dict(), strict=False)
    assert (missing, unexpected) == ([], ['ln2.weight', 'ln2.bias'])
    images = torch.randn(2, 3, 32, 32)
    mean = raw(images)[-1][:, 1:].mean(1)
    centred = mean - mean.mean(1, keepdim=True)
    expected = centred / (centred.square().mean(1, keepdim=True) + 1e-6).sqrt() * backbone.ln2.weight
    assert torch.allclose(backbone(images)[-1], expected, atol=1e-5)
