"""Domain generalisation keeps the BatchNorm statistics of the checkpoint, as DomainBed does, and trains the rest."""

from pathlib import Path

import pytest
import timm
import torch
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch.nn.modules.batchnorm import _BatchNorm

from cft.apis import load_config, train
from cft.apis.completion.backbone_choice import choose_backbone
from cft.registry import MODELS
from tests.support.digits_runs import CONFIGS, FINE_TUNING
from tests.support.domain_files import draw_domains

R50 = [f'r50_{data}_dg' for data in ('pacs', 'vlcs', 'officehome', 'folder')]


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sizes = {f'domain{number}': {'cat': 3, 'dog': 3} for number in range(3)}
    return draw_domains(tmp_path_factory.mktemp('data') / 'domains', sizes)


def write(path: Path, name: str) -> dict[str, torch.Tensor]:
    """A file of a network of timm, whose names are torchvision's for a ResNet; statistics that no new network has."""
    torch.manual_seed(0)
    weights = timm.create_model(name, num_classes=0).state_dict()
    for key, value in weights.items():
        if 'running' in key:
            value.copy_(torch.rand_like(value) + (0.5 if 'var' in key else -0.5))
    torch.save({'state_dict': weights}, path)
    return weights


def three_steps(config: str, checkpoint: Path, data: Path, work_dir: Path, **options: object) -> Runner:
    settings = {
        'data_root': str(data), 'test_domain': 'domain1', 'image_size': 32, 'batch_size': 8,
        'checkpoint': str(checkpoint), 'train_cfg.max_iters': 3, 'train_cfg.val_interval': 3,
        'optim_wrapper.optimizer.lr': 0.01, **options,
    }  # fmt: skip
    cfg = load_config(CONFIGS / f'{config}.py', settings)
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].update(num_workers=0, persistent_workers=False, pin_memory=False)
    cfg.work_dir, cfg.experiment_name = str(work_dir), f'{config}_{work_dir.name}'.replace('/', '_')
    return train(cfg)


def norms_of(runner: Runner) -> dict[str, _BatchNorm]:
    found = {name: module for name, module in runner.model.named_modules() if isinstance(module, _BatchNorm)}
    assert found
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ('config', 'network', 'options'),
    [
        ('coretuning/r50_folder_dg', 'resnet18', {'model.backbone.depth': 18, 'model.head.in_channels': 512}),
        ('schane/folder_dg', 'resnet18', {'backbone': 'resnet18'}),
        ('ce/folder_dg', 'regnetx_002', {'backbone': 'timm/regnetx_002'}),
    ],
)
def test_statistics_stay_and_affine_parameters_move(
    config: str, network: str, options: dict, data: Path, tmp_path: Path
) -> None:
    """Bit for bit those of the file after three steps and a validation."""
    stored = write(tmp_path / 'file.pth', network)
    runner = three_steps(config, tmp_path / 'file.pth', data, tmp_path / 'run', **options)
    assert runner.iter == 3
    for name, norm in norms_of(runner).items():
        own = name.removeprefix('backbone.').removeprefix('network.')
        for buffer in ('running_mean', 'running_var', 'num_batches_tracked'):
            assert torch.equal(getattr(norm, buffer), stored[f'{own}.{buffer}']), (name, buffer)
        for parameter in ('weight', 'bias'):
            assert not torch.equal(getattr(norm, parameter), stored[f'{own}.{parameter}']), (name, parameter)


@pytest.mark.slow
def test_the_switch(data: Path, tmp_path: Path) -> None:
    """Off, the statistics follow the images."""
    stored = write(tmp_path / 'file.pth', 'resnet18')
    options = {'backbone': 'resnet18', 'model.backbone.norm_eval': False}
    runner = three_steps('ce/folder_dg', tmp_path / 'file.pth', data, tmp_path / 'run', **options)
    for name, norm in norms_of(runner).items():
        own = name.removeprefix('backbone.')
        assert not torch.equal(norm.running_mean, stored[f'{own}.running_mean']), name
        assert norm.num_batches_tracked == stored[f'{own}.num_batches_tracked'] + 3


@pytest.mark.parametrize('method', FINE_TUNING)
@pytest.mark.parametrize('name', R50)
def test_every_published_config_keeps_them(method: str, name: str) -> None:
    cfg = load_config(CONFIGS / method / f'{name}.py')
    assert cfg.model.backbone.norm_eval is True


@pytest.mark.parametrize('backbone', ['resnet18', 'timm/vit_tiny_patch16_224', 'timm/convnext_atto'])
def test_networks_of_every_kind_take_the_switch(backbone: str) -> None:
    cfg = load_config(CONFIGS / 'ce' / 'folder_dg.py', {'backbone': backbone})
    choose_backbone(cfg)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        assert MODELS.build(cfg.model.backbone).norm_eval is True
