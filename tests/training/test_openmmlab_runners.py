"""Our configs in MMEngine's own runner and OpenMMLab's own tools: they do what they say, or stop with a word."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from cft.engine.hooks import StartingCheckpointHook
from cft.errors import ConfigError
from tests.support.command_line import ROOT
from tests.support.digits_runs import CONFIGS
from tests.support.image_folders import fill
from tests.support.tasks import draw_few_shapes


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp('images') / 'animals', per_class=4)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MoCo-v2 file of a ResNet-18."""
    torch.manual_seed(7)
    backbone = MODELS.build(dict(type='ResNet', depth=18))
    backbone.init_weights()
    path = tmp_path_factory.mktemp('checkpoints') / 'moco.pth.tar'
    torch.save({'state_dict': {f'module.encoder_q.{name}': v for name, v in backbone.state_dict().items()}}, path)
    return path


def folder_config(folder: Path, work_dir: Path, **options: object) -> Config:
    """The folder config as MMEngine's tools read and merge it, on a small network; two steps."""
    cfg = Config.fromfile(CONFIGS / 'coretuning' / 'r50_folder.py')
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.update(num_workers=0, persistent_workers=False, pin_memory=False)
        loader.dataset.data_root = str(folder)
    cfg.merge_from_dict(
        {
            'data_root': str(folder),
            'model.backbone.depth': 18,
            'model.head.in_channels': 512,
            'model.head.num_classes': 2,
            'train_dataloader.batch_size': 3,
            'train_cfg.max_epochs': 1,
            **options,
        }
    )
    cfg.work_dir, cfg.experiment_name = str(work_dir), f'own_runner_{work_dir.name}'
    return cfg


def first_step_of(cfg: Config) -> dict[str, torch.Tensor]:
    """The backbone that MMEngine's runner begins with."""
    runner = Runner.from_cfg(cfg)
    seen: dict[str, torch.Tensor] = {}
    begin = type(runner).call_hook

    def call_hook(self: Runner, name: str, **kwargs: object) -> None:
        if name == 'before_train':
            seen.update({key: value.clone() for key, value in self.model.backbone.state_dict().items()})
        begin(self, name, **kwargs)

    runner.call_hook = call_hook.__get__(runner)
    runner.train()
    return seen


@pytest.mark.slow
def test_a_merged_checkpoint_is_loaded(folder: Path, checkpoint: Path, tmp_path: Path) -> None:
    """``Runner.from_cfg(Config.fromfile(...))`` with ``checkpoint=FILE`` starts from the file's tensors."""
    backbone = first_step_of(folder_config(folder, tmp_path, checkpoint=str(checkpoint)))
    stored = torch.load(checkpoint, weights_only=True)['state_dict']
    assert len(backbone) == len(stored)
    for name, value in backbone.items():
        assert torch.equal(value, stored[f'module.encoder_q.{name}']), name


@pytest.mark.slow
def test_without_one_it_starts_at_random(folder: Path, checkpoint: Path, tmp_path: Path) -> None:
    backbone = first_step_of(folder_config(folder, tmp_path))
    stored = torch.load(checkpoint, weights_only=True)['state_dict']
    assert not torch.equal(backbone['conv1.weight'], stored['module.encoder_q.conv1.weight'])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'checkpoint': 'nowhere.pth'}, 'nowhere.pth'),
        ({'epochs': 3}, 'epochs=3 has no effect.*train_cfg.max_epochs=3'),
        ({'batch_size': 17}, 'batch_size=17 has no effect'),
        ({'image_size': 96}, 'image_size=96 has no effect'),
        ({'data_root': 'elsewhere'}, "data_root='elsewhere' has no effect"),
        ({'param_scheduler.end': 100}, 'param_scheduler.end reaches to 100, but train_cfg.max_epochs is 1'),
    ],
)
def test_what_has_no_effect_stops(options: dict, message: str, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        Runner.from_cfg(folder_config(folder, tmp_path, **options)).train()


def test_classes_that_nobody_counted_stop(folder: Path, tmp_path: Path) -> None:
    """The number of classes is cft's to fill in; MMEngine's runner is told which setting it lacks."""
    with pytest.raises(ConfigError, match='num_classes is None.*model.head.num_classes'):
        Runner.from_cfg(folder_config(folder, tmp_path, **{'model.head.num_classes': None}))


def test_a_model_without_a_backbone_stops() -> None:
    facts = {'cfg': Config(dict(checkpoint='x.pth')), '_train_loop': 1, '_resume': False}
    runner = type('R', (), {**facts, 'model': torch.nn.Linear(1, 1)})
    with pytest.raises(ConfigError, match="checkpoint='x.pth' needs a model with a backbone; Linear has none"):
        StartingCheckpointHook().before_run(runner)


@pytest.mark.slow
@pytest.mark.parametrize(('library', 'task'), [('mmseg', 'seg'), ('mmdet', 'det')])
def test_tools_of_other_libraries(library: str, task: str, checkpoint: Path, tmp_path: Path) -> None:
    """mmseg's and mmdet's own tools/train.py load the checkpoint, in their own processes, and train."""
    data = draw_few_shapes(tmp_path / 'shapes')
    spec = importlib.util.find_spec(library)
    tool = Path(str(spec.submodule_search_locations[0])) / '.mim' / 'tools' / 'train.py'
    narrow = tmp_path / 'narrow.pth'
    cfg = Config.fromfile(CONFIGS / 'quickstart' / f'coretuning_{task}.py')
    backbone = MODELS.build({'type': 'ResNet', 'depth': 18, 'base_channels': 16, 'stem_channels': 64})
    torch.save(backbone.state_dict(), narrow)
    options = [f'checkpoint={narrow}', 'train_cfg.max_iters=2', 'train_cfg.val_interval=10']
    roots = [f'{split}_dataloader.dataset.data_root={data}' for split in ('train', 'val', 'test')]
    size = ['train_dataloader.dataset.pipeline.3.crop_size=(64,64)', 'model.data_preprocessor.size=(64,64)']
    command = [sys.executable, str(tool), str(CONFIGS / 'quickstart' / f'coretuning_{task}.py')]
    command += ['--work-dir', str(tmp_path / 'run'), '--cfg-options', f'data_root={data}', *options, *roots]
    command += (size if task == 'seg' else []) + ['param_scheduler.0.end=1' if task == 'det' else 'log_level=INFO']
    command += ['param_scheduler.1.begin=1'] if task == 'det' else []
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={**__import__('os').environ, 'PYTHONPATH': str(ROOT)}
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert 'tensors loaded' in done.stdout
    assert cfg.checkpoint is None and list((tmp_path / 'run').glob('iter_2.pth'))
