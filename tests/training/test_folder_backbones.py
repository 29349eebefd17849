"""Training with the network of the checkpoint: every method, every task, and what the config of the run is good for."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from cft.apis import load_config, train
from cft.apis import test as evaluate
from cft.apis.configs.catalogue import find_config
from tests.support.backbone_files import of_timm, resnet18, vit
from tests.support.digits_runs import CONFIGS, FINE_TUNING
from tests.support.image_folders import fill
from tests.support.tasks import draw_few_shapes

pytestmark = pytest.mark.slow
SMALL = {
    'image_size': 32,
    'batch_size': 8,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'default_hooks.logger.interval': 1,
}
VALIDATION = {f'{split}_dataloader.num_workers': 0 for split in ('val', 'test')}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp('images') / 'animals', per_class=10)


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('checkpoints')
    resnet18(path / 'resnet18.pth')
    vit(path / 'vit.pth')
    return path


def folder_config(method: str, checkpoint: Path | None, folder: Path, work_dir: Path, **options: object) -> Config:
    fine_tuning = VALIDATION if method in FINE_TUNING else {}
    settings = {**SMALL, **fine_tuning, 'data_root': str(folder), 'epochs': 1, **options}
    if checkpoint is not None:
        settings['checkpoint'] = str(checkpoint)
    cfg = load_config(CONFIGS / method / 'folder.py', settings)
    cfg.work_dir, cfg.experiment_name = str(work_dir), str(work_dir).replace('/', '_')
    return cfg


def losses_of(runner: Runner) -> list[float]:
    return runner.message_hub.log_scalars['train/loss'].data[0].tolist()


@pytest.mark.parametrize('method', FINE_TUNING)
@pytest.mark.parametrize('name', ['resnet18', 'vit'])
def test_an_epoch_of_every_method(method: str, name: str, files: Path, folder: Path, tmp_path: Path) -> None:
    """The backbone starts from the file, whatever it is, and moves."""
    runner = train(folder_config(method, files / f'{name}.pth', folder, tmp_path))
    assert runner.epoch == 1 and all(torch.isfinite(torch.tensor(losses_of(runner))))
    kind = {'resnet18': 'ResNet', 'vit': 'VisionTransformer'}[name]
    assert type(runner.model.backbone).__name__ == kind == runner.cfg.model.backbone.type
    state = runner.optim_wrapper.optimizer.state
    assert all(p in state for p in runner.model.backbone.parameters() if p.requires_grad)
    assert ('train/loss_con' in runner.message_hub.log_scalars) == (method != 'ce')


@pytest.mark.parametrize(
    ('method', 'name'),
    [
        ('coin', 'convnext_atto'),
        ('scl', 'swin_tiny_patch4_window7_224'),
        ('coretuning', 'vit_small_patch14_reg4_dinov2'),
        ('ce', 'vit_small_patch16_dinov3'),
        ('schane', 'beit3_base_patch16_224'),
    ],
)
def test_an_epoch_of_every_family(method: str, name: str, folder: Path, tmp_path: Path) -> None:
    of_timm(tmp_path / 'file.pth', name)
    runner = train(folder_config(method, tmp_path / 'file.pth', folder, tmp_path / 'run', image_size=56))
    assert runner.epoch == 1 and all(torch.isfinite(torch.tensor(losses_of(runner))))
    assert runner.model.backbone.model_name == name


def test_the_config_of_the_run_is_complete(files: Path, folder: Path, tmp_path: Path) -> None:
    """MMEngine's own runner trains it to the same losses; without the file it is tested and resumed."""
    checkpoint = tmp_path / 'moco.pth'
    checkpoint.write_bytes((files / 'resnet18.pth').read_bytes())
    ours = train(folder_config('coretuning', checkpoint, folder, tmp_path / 'ours'))
    dumped = find_config(tmp_path / 'ours')
    plain = Config.fromfile(dumped)
    plain.work_dir, plain.experiment_name = str(tmp_path / 'plain'), 'plain_mmengine'
    runner = Runner.from_cfg(plain)
    runner.train()
    assert losses_of(runner) == losses_of(ours)
    checkpoint.unlink()
    last = {'load_from': str(tmp_path / 'ours' / 'epoch_1.pth'), 'work_dir': str(tmp_path / 'tested')}
    assert 0 <= evaluate(load_config(dumped, last))['accuracy/top1'] <= 100
    further = load_config(dumped, {'epochs': 2, 'work_dir': str(tmp_path / 'ours')})
    further.experiment_name = 'resumed_without_the_file'
    assert train(further, resume=True).epoch == 2


@pytest.mark.parametrize('method', ['sce', 'deepcluster'])
def test_pre_training_on_a_folder(method: str, folder: Path, tmp_path: Path) -> None:
    fewer = {'model.num_prototypes': (3, 3)} if method == 'deepcluster' else {}
    cfg = folder_config(method, None, folder, tmp_path, backbone='timm/convnext_atto', **fewer)
    runner = train(cfg)
    assert runner.iter == 2 and all(torch.isfinite(torch.tensor(losses_of(runner))))
    assert cfg.model.neck.in_channels == runner.model.backbone.embed_dims == 320


def test_a_smaller_resnet_in_the_config_of_a_resnet_50(folder: Path, tmp_path: Path) -> None:
    """With the width left open it trains."""
    settings = {'data_root': str(folder), 'model.backbone.depth': 18, 'model.head.in_channels': None, 'epochs': 1}
    cfg = load_config(CONFIGS / 'scl' / 'r50_folder.py', {**SMALL, **VALIDATION, **settings})
    cfg.work_dir, cfg.experiment_name = str(tmp_path), 'smaller_resnet'
    assert train(cfg).epoch == 1


TASKS = {
    'seg': ('auto_deeplabv3', 'shapes_seg', 'auto_100e_seg', 'default_runtime_seg', 'model = _base_.method_head'),
    'det': (
        'auto_faster_rcnn',
        'shapes_det',
        'sgd_24k_det',
        'default_runtime_det',
        'model = dict(roi_head=dict(bbox_head=dict(num_classes=4), **_base_.method_head))',
    ),
}


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize(
    'options',
    [
        {'backbone': 'resnet18'},
        {'backbone': 'timm/convnext_atto'},
        {'backbone': 'timm/vit_tiny_patch16_224', 'model.backbone.depth': 4},
        {'checkpoint': 'vit.pth'},
    ],
    ids=str,
)
def test_a_step_of_other_tasks(task: str, options: dict, tmp_path: Path) -> None:
    model, data, schedule, runtime, method = TASKS[task]
    base = CONFIGS / '_base_'
    places = [f'models/{model}', f'datasets/{data}', f'schedules/{schedule}', runtime, 'methods/scl']
    bases = [str(base / f'{place}.py') for place in places]
    (tmp_path / 'config.py').write_text(f'_base_ = {bases!r}\n{method}\n')
    if 'checkpoint' in options:
        vit(tmp_path / 'vit.pth')
        options = {'checkpoint': str(tmp_path / 'vit.pth')}
    shapes = draw_few_shapes(tmp_path / 'shapes')
    small = {'data_root': str(shapes), 'batch_size': 2, 'train_dataloader.num_workers': 0, **options}
    cfg = load_config(tmp_path / 'config.py', small)
    cfg.drawn_data = None
    cfg.train_cfg = dict(type='cft.ResumableIterLoop', max_iters=1, val_interval=10)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.param_scheduler = None
    cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
    if task == 'seg':
        cfg.model.data_preprocessor.size = (64, 64)
        cfg.model.decode_head.num_classes = cfg.model.auxiliary_head.num_classes = 5
        for step in cfg.train_dataloader.dataset.pipeline:
            step.update({'crop_size': (64, 64)} if step.type == 'RandomCrop' else {})
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'run'), f'step_of_{tmp_path.name}'
    runner = train(cfg)
    assert runner.iter == 1 and all(torch.isfinite(torch.tensor(losses_of(runner))))
    assert runner.message_hub.log_scalars[f'train/{"decode." if task == "seg" else ""}loss_con'].current() > 0
