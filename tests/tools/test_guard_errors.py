"""Mistakes in constructors, data sets and config files end in one line as well."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.command_line import ROOT, TINY, call_tool

CE = ROOT / 'configs/quickstart/ce_digits.py'


def error_of(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture, *arguments: object) -> str:
    """The one error line of a training that must not begin."""
    assert call_tool(monkeypatch, 'train', *arguments) == 2
    output = capfd.readouterr()
    assert '(train)' not in output.out and 'Traceback' not in output.err
    (line,) = [line for line in output.err.splitlines() if line.startswith('error: ')]
    return line


@pytest.mark.parametrize(
    ('option', 'told'),
    [
        (
            'optim_wrapper.constructor=cft.BiasAndNormExclusio',
            (
                "optim_wrapper.constructor: no component is registered as 'cft.BiasAndNormExclusio'; "
                "did you mean 'cft.BiasAndNormExclusion'?"
            ),
        ),
        ('env_cfg.dist_cfg.timeout=-5', 'env_cfg.dist_cfg.timeout must be a positive number of seconds, got -5'),
        ('env_cfg.dist_cfg.timeout=soon', "'soon' is no number"),
        ('optim_wrapper.optimizer.lr=-1', 'optim_wrapper.optimizer.lr must be a positive number'),
        ('default_hooks.non_finite.max_total=3', 'max_consecutive=10, max_total=3'),
    ],
)
def test_settings(option: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    error = error_of(monkeypatch, capfd, CE, '--work-dir', tmp_path, '--cfg-options', *TINY, option)
    assert told in error


def test_assertion_of_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    """mmpretrain's ImageNet asserts that there are as many folders as names of classes."""
    for split in ('train', 'val'):
        for name in ('n01', 'n02'):
            (tmp_path / 'data' / split / name).mkdir(parents=True)
            cv2.imwrite(str(tmp_path / 'data' / split / name / '0.JPEG'), np.zeros((8, 8, 3), np.uint8))
    config = tmp_path / 'mine.py'
    config.write_text(
        f"_base_ = ['{CE}']\ntrain_dataloader = dict(dataset=dict(_delete_=True, type='ImageNet', pipeline=[], "
        f"data_root='{tmp_path / 'data'}', split='train'))\n"
    )
    error = error_of(monkeypatch, capfd, config, '--work-dir', tmp_path, '--cfg-options', *TINY)
    assert f"ImageNet with data_root='{tmp_path / 'data'}'" in error and 'correct data_root' in error
    assert 'METAINFO' in error or 'classes' in error


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        (b'model = dict(\n', 'SyntaxError'),
        (b"_base_ = ['nowhere.py']\n", 'nowhere.py'),
        (b"_base_ = ['mine.py']\n", 'cannot be its own base'),
        (b'\x80\x04\x95\x00binary\xff\xfe', 'cannot be read'),
        (b'a = 1 / 0\n', 'ZeroDivisionError'),
        (b'', 'has no model'),
    ],
    ids=['syntax', 'missing base', 'circular base', 'binary', 'program', 'empty'],
)
def test_unreadable_config(content: bytes, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    path = tmp_path / 'mine.py'
    path.write_bytes(content)
    error = error_of(monkeypatch, capfd, path, '--work-dir', tmp_path)
    assert str(path) in error and told in error


def test_folder_for_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    assert f'{tmp_path} is a folder with no config' in error_of(monkeypatch, capfd, tmp_path)


def test_config_of_another_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    path = tmp_path / 'run.log'
    path.write_text('nothing')
    assert 'cannot be read' in error_of(monkeypatch, capfd, path)
