"""cft pretrain, --dry-run, work_dir and the short names in the help."""

import re
from pathlib import Path

import pytest

import cft_cli
from cft.apis import load_config
from cft.apis.configs.checks import check_pretraining
from cft.engine.shortcuts import SHORTCUTS
from cft.errors import ConfigError
from cft_cli import train
from cft_cli.options import read_config
from cft_cli.settings import SHORT_NAMES
from tests.support.command_line import TINY

ROOT = Path(__file__).resolve().parents[2]


def call(*arguments: object) -> int:
    try:
        cft_cli.main([*map(str, arguments)])
    except SystemExit as stop:
        return stop.code or 0
    return 0


def test_help_has_each_shortcut(capsys: pytest.CaptureFixture) -> None:
    assert call('train', '--help') == 0
    shown = capsys.readouterr().out
    for name, line in SHORT_NAMES.items():
        assert re.search(rf'^  {name} +{re.escape(line)}$', shown, re.MULTILINE) and len(line) < 105
    assert set(SHORTCUTS) <= set(SHORT_NAMES)


def test_each_short_name_is_a_setting() -> None:
    """Of some config, or of the runner."""
    names = ('ce/folder', 'ce/folder_seg', 'ce/folder_det', 'ce/folder_dg')
    known = set().union(*(load_config(name).keys() for name in names), {'work_dir', 'tracker'})
    assert set(SHORT_NAMES) <= known


@pytest.mark.parametrize(
    'name',
    ['sce/r50_imagenet', 'mocov2/r18_cifar10', 'ressl/r50_imagenet100', 'deepcluster/r50_imagenet_2crop',
     'hexa/moco_r50_imagenet', 'hexa/dcluster_r50_imagenet_8crop', 'quickstart/hexa_dcluster_digits'],
)  # fmt: skip
def test_pre_training_configs(name: str) -> None:
    check_pretraining(load_config(name))


@pytest.mark.parametrize(
    'name',
    ['sce/r50_imagenet_linear', 'coretuning/r50_folder', 'ce/r50_voc_seg', 'scl/r50_voc_det', 'quickstart/ce_dg'],
)
def test_other_configs(name: str) -> None:
    """Told by the model, not by the folder."""
    with pytest.raises(ConfigError, match='no pre-training; use cft train for it'):
        check_pretraining(load_config(name))


@pytest.mark.slow
def test_pretrain(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    size = ['train_dataloader.dataset.size=64', 'batch_size=32', 'train_dataloader.num_workers=0']
    size += ['epochs=2', 'param_scheduler.0.end=1', 'param_scheduler.1.begin=1']
    assert call('pretrain', 'quickstart/mocov2_digits', f'work_dir={tmp_path / "run"}', *size) == 0
    assert (tmp_path / 'run' / 'epoch_2.pth').is_file()
    capfd.readouterr()


def test_dry_run(tmp_path: Path, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan alone on stdout, in ten lines or some more."""
    monkeypatch.chdir(tmp_path)
    assert call('train', 'quickstart/ce_digits', '--dry-run', 'work_dir=run', *TINY) == 0
    out = capfd.readouterr().out.splitlines()
    assert 10 <= len(out) <= 14 and out[0].startswith('config ') and out[-1].startswith('work dir ')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('arguments', 'work_dir'),
    [
        (['work_dir=runs/a'], 'runs/a'),
        (['--work-dir', 'runs/a'], 'runs/a'),
        (['--work-dir', 'runs/a', 'work_dir=runs/a'], 'runs/a'),
        ([], 'work_dirs/ce/r50_folder'),
    ],
)
def test_work_dir(arguments: list[str], work_dir: str) -> None:
    assert read_config(train.parse_args(['ce/r50_folder', *arguments])).work_dir == work_dir


def test_two_work_dirs() -> None:
    with pytest.raises(ConfigError, match='--work-dir a and work_dir=b are the same setting; give one of them'):
        read_config(train.parse_args(['ce/r50_folder', '--work-dir', 'a', 'work_dir=b']))
