"""folder_seg and folder_dg of every method: a training step, and a validation, on data that nobody described."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import load_config, train
from tests.support.digits_runs import CONFIGS, FINE_TUNING
from tests.support.domain_files import draw_domains
from tests.support.mask_folders import usual

NAMES = [f'{stem}_{task}' for task in ('seg', 'dg') for stem in ('r50_folder', 'folder')]
QUICK = [('ce', 'r50_folder_seg'), ('coin', 'r50_folder_dg')]
STEPS = [
    pytest.param(method, name, marks=[] if (method, name) in QUICK else [pytest.mark.slow])
    for name in NAMES
    for method in FINE_TUNING
]


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('data')
    usual(root / 'seg', 8)
    sizes = {f'domain{number}': {'cat': 3, 'dog': 3, 'elk': 3} for number in range(3)}
    draw_domains(root / 'dg', sizes, side=16)
    return root


def small(cfg: Config) -> None:
    """A narrow ResNet-18; no worker processes."""
    narrow = dict(type='ResNet', depth=18, base_channels=8, style='pytorch')
    if cfg.default_scope == 'mmseg':
        cfg.model.backbone = dict(narrow, out_indices=(0, 1, 2, 3), norm_cfg=dict(type='BN'))
        cfg.model.decode_head.update(in_channels=64, channels=16, dilations=(1, 2))
        cfg.model.auxiliary_head.update(in_channels=32, channels=16)
    else:
        cfg.model.backbone = dict(narrow, out_indices=(3,))
        cfg.model.head.in_channels = 64
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].update(num_workers=0, persistent_workers=False, pin_memory=False)


@pytest.mark.parametrize(('method', 'name'), STEPS)
def test_one_step(method: str, name: str, data: Path, tmp_path: Path) -> None:
    task = name.split('_')[-1]
    options = {
        'seg': ['epochs=1', 'image_size=32', 'batch_size=7'],
        'dg': ['train_cfg.max_iters=1', 'image_size=32', 'batch_size=4', 'test_domain=domain1'],
    }
    cfg = load_config(CONFIGS / method / f'{name}.py', [f'data_root={data / task}', *options[task]])
    small(cfg)
    cfg.work_dir, cfg.experiment_name = str(tmp_path), f'{method}_{name}'
    runner = train(cfg)
    losses = {key: value.current() for key, value in runner.message_hub.log_scalars.items() if 'loss' in key}
    assert runner.iter == 1 and all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    contrastive = [value for key, value in losses.items() if key.endswith('loss_con')]
    assert (method == 'ce') == (not contrastive) and all(value > 0 for value in contrastive), losses
    assert 0 <= runner.message_hub.get_info('best_score') <= 100
    assert list(tmp_path.glob('best_*.pth'))
    # Both views of SCHaNe, where images have views.
    views = runner.cfg.train_dataloader.dataset.pipeline[1].get('num_views', 1)
    assert views == (2 if (method, task) == ('schane', 'dg') else 1)


@pytest.mark.slow
@pytest.mark.parametrize('backbone', ['resnet18', 'timm/convnext_atto', 'timm/vit_tiny_patch16_224'])
@pytest.mark.parametrize('task', ['seg', 'dg'])
def test_a_named_network(task: str, backbone: str, data: Path, tmp_path: Path) -> None:
    """Heads, normalisation and schedule follow it, and the config of the run names it."""
    options = {
        'seg': ['epochs=1', 'image_size=64', 'batch_size=4', 'model.decode_head.channels=16'],
        'dg': ['train_cfg.max_iters=1', 'image_size=64', 'batch_size=4', 'test_domain=domain1'],
    }
    loaders = [f'{split}_dataloader.num_workers=0' for split in ('train', 'val', 'test')]
    given = [f'data_root={data / task}', f'backbone={backbone}', *options[task], *loaders]
    cfg = load_config(f'coretuning/folder_{task}', given)
    cfg.work_dir, cfg.experiment_name = str(tmp_path), f'{task}_{backbone}'.replace('/', '_')
    runner = train(cfg)
    losses = {key: value.current() for key, value in runner.message_hub.log_scalars.items() if 'loss' in key}
    assert runner.iter == 1 and all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    dumped = load_config(next(tmp_path.glob('*.py')))
    network = dumped.model.backbone
    assert network.get('model_name', f'resnet{network.get("depth")}') == backbone.removeprefix('timm/')
    head = dumped.model.get('decode_head') or dumped.model.head
    assert head.num_classes == 3 and isinstance(head.in_channels, int)


def test_every_method_has_them() -> None:
    assert all((CONFIGS / method / f'{name}.py').is_file() for method in FINE_TUNING for name in NAMES)


def test_a_method_differs_from_its_task_by_a_few_lines() -> None:
    for method in FINE_TUNING[1:]:
        for name in NAMES:
            lines = (CONFIGS / method / f'{name}.py').read_text().splitlines()
            assert len(lines) <= 6 and f"'../ce/{name}.py', '../_base_/methods/{method}.py'" in lines[0]


@pytest.mark.parametrize('name', ['r50_folder_seg', 'folder_seg'])
def test_image_size_reaches_everything(name: str) -> None:
    cfg = load_config(f'ce/{name}', ['image_size=64'])
    steps = {
        step.type: step for step in [*cfg.train_dataloader.dataset.pipeline, *cfg.test_dataloader.dataset.pipeline]
    }
    assert steps['RandomResize'].scale == steps['RandomCrop'].crop_size == steps['Resize'].scale == (64, 64)
    assert tuple(cfg.model.data_preprocessor['size']) == (64, 64)


def test_the_best_checkpoint_is_chosen_on_validation_images() -> None:
    for name, metric in (('r50_folder_seg', 'mIoU'), ('r50_folder_dg', 'accuracy/average')):
        cfg = load_config(f'ce/{name}')
        assert cfg.default_hooks.checkpoint.save_best == metric
        assert cfg.val_dataloader.dataset.split == 'val' and cfg.test_dataloader.dataset.split == 'test'


def test_epochs_are_a_shortcut() -> None:
    cfg = load_config('ce/r50_folder_seg', ['epochs=7'])
    assert cfg.train_cfg.max_epochs == 7 and 'end' not in cfg.param_scheduler
