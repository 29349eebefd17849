"""The arguments of cft train, test and predict: settings in any place, as they were typed."""

import argparse
import sys
from pathlib import Path

import pytest

from cft_cli import export, predict, test, train
from cft_cli.options import read_config

SETTINGS = ['data_root=my flowers', 'train_cfg.max_iters=4', 'model.head=dict(type="LinearClsHead", num_classes=3)']


@pytest.mark.parametrize(
    'arguments',
    [
        ['ce/r50_folder', *SETTINGS],
        ['ce/r50_folder', '--cfg-options', *SETTINGS],
        ['ce/r50_folder', SETTINGS[0], '--amp', SETTINGS[1], '--cfg-options', SETTINGS[2]],
        ['--work-dir', 'runs', 'ce/r50_folder', *SETTINGS[:2], '--launcher', 'none', SETTINGS[2]],
        ['ce/r50_folder', *SETTINGS[:1], '--cfg-options', SETTINGS[1], '--cfg-options', SETTINGS[2]],
    ],
)
def test_settings(arguments: list[str]) -> None:
    args = train.parse_args(arguments)
    assert args.config == 'ce/r50_folder' and args.cfg_options == SETTINGS and args.resume is False


def test_no_settings() -> None:
    args = train.parse_args(['ce/r50_folder'])
    assert args.cfg_options == [] and args.work_dir is None and args.launcher == 'none' and not args.amp


@pytest.mark.parametrize(
    ('arguments', 'resume', 'settings'),
    [
        (['--resume'], True, []),
        (['--resume', 'epoch_3.pth'], 'epoch_3.pth', []),
        (['--resume', 'epochs=3'], True, ['epochs=3']),
        (['a=1', '--resume', 'b=2', 'c=3'], True, ['a=1', 'c=3', 'b=2']),
        (['--resume', '--amp', 'a=1'], True, ['a=1']),
    ],
)
def test_resume(arguments: list[str], resume: bool | str, settings: list[str]) -> None:
    """A setting behind it is no path."""
    args = train.parse_args(['ce/r50_folder', *arguments])
    assert args.resume == resume and args.cfg_options == settings


def test_resume_from_a_file_whose_name_looks_like_a_setting(tmp_path: Path) -> None:
    path = tmp_path / 'lr=0.1.pth'
    path.write_text('')
    args = train.parse_args(['ce/r50_folder', '--resume', str(path)])
    assert args.resume == str(path) and args.cfg_options == []


def test_test_and_predict() -> None:
    args = test.parse_args(['run', 'best.pth', 'a=1', '--out', 'metrics.json', 'b=2'])
    assert (args.config, args.checkpoint, args.cfg_options, args.out) == (
        'run',
        'best.pth',
        ['a=1', 'b=2'],
        'metrics.json',
    )
    args = predict.parse_args(['run', 'best.pth', '1.jpg', '2.jpg', '--out-dir', 'found', '--cfg-options', 'a=1'])
    assert (args.images, args.out_dir, args.cfg_options) == (['1.jpg', '2.jpg'], 'found', ['a=1'])


def test_the_checkpoint_may_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a work dir; what follows is then a setting, or an image."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'run').mkdir()
    for module in (test, export):
        args = module.parse_args(['run', 'a=1', '--cfg-options', 'b=2'])
        assert (args.config, args.checkpoint, args.cfg_options) == ('run', None, ['a=1', 'b=2'])
        assert module.parse_args(['run']).checkpoint is None
        assert module.parse_args(['run', 'best.pth', 'a=1']).checkpoint == 'best.pth'
    args = predict.parse_args(['run', '1.jpg', 'new'])
    assert (args.checkpoint, args.images) == (None, ['1.jpg', 'new'])
    args = predict.parse_args(['run/config.py', 'weights', 'new'])
    assert (args.checkpoint, args.images) == ('weights', ['new'])


@pytest.mark.parametrize(
    ('module', 'arguments'), [(train, []), (test, []), (export, []), (predict, ['run', 'best.pth'])]
)
def test_what_is_missing_is_named(module: object, arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        module.parse_args(arguments)
    assert stop.value.code == 2 and 'the following arguments are required' in capsys.readouterr().err


def test_config_and_work_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name from any directory; the work dir is named after the config, however it was given."""
    monkeypatch.chdir(tmp_path)
    for name in ('quickstart/ce_digits', 'configs/quickstart/ce_digits.py'):
        cfg = read_config(train.parse_args([name, 'train_cfg.max_iters=4']))
        assert cfg.train_cfg.max_iters == 4 and cfg.launcher == 'none'
        assert Path(cfg.work_dir) == Path('work_dirs', 'quickstart', 'ce_digits')
    torchrun = {'RANK': '0', 'WORLD_SIZE': '1', 'LOCAL_RANK': '0', 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': '29611'}
    for name, value in torchrun.items():
        monkeypatch.setenv(name, value)
    args: argparse.Namespace = train.parse_args(
        ['quickstart/ce_digits', '--work-dir', 'runs/1', '--launcher', 'pytorch']
    )
    cfg = read_config(args)
    assert cfg.work_dir == 'runs/1' and cfg.launcher == 'pytorch'


def test_modules_of_the_current_folder_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed command starts without it; it comes last, so that it hides no library."""
    (tmp_path / 'module_beside_the_config.py').write_text('')
    config = tmp_path / 'config.py'
    config.write_text("custom_imports = dict(imports=['module_beside_the_config'])\n")
    monkeypatch.setattr(sys, 'path', [entry for entry in sys.path if entry not in ('', str(tmp_path))])
    monkeypatch.chdir(tmp_path)
    read_config(train.parse_args([str(config)]))
    assert 'module_beside_the_config' in sys.modules and sys.path[-1] == str(tmp_path)
