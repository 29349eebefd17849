"""What a user can get wrong ends in one line with the thing and the remedy, before training."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.command_line import ROOT, TINY, call_tool

CE = ROOT / 'configs/quickstart/ce_digits.py'
FOLDER = ROOT / 'configs/ce/r50_folder.py'


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of two classes with four images each."""
    for name in ('cat', 'dog'):
        (tmp_path / 'images' / name).mkdir(parents=True)
        for index in range(4):
            cv2.imwrite(str(tmp_path / 'images' / name / f'{index}.png'), np.full((40, 40, 3), 30 * index, np.uint8))
    return tmp_path / 'images'


def error_of(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture, tool: str, *arguments: object) -> str:
    """The one error line of a tool that must fail without a training step."""
    assert call_tool(monkeypatch, tool, *arguments) == 2
    output = capfd.readouterr()
    assert '(train)' not in output.out
    lines = [line for line in output.err.splitlines() if line.startswith('error: ')]
    assert len(lines) == 1, output.err
    assert 'Traceback' not in output.err
    return lines[0]


@pytest.mark.parametrize(
    ('options', 'thing', 'remedy'),
    [
        (['trian_cfg.max_iters=3'], 'trian_cfg', "did you mean 'train_cfg'"),
        (['model.head.contrastve=None'], 'model.head.contrastve', 'correct its name'),
        (['model.head.type=cft.ContrastiveClsHed'], 'cft.ContrastiveClsHed', "did you mean 'cft.ContrastiveClsHead'"),
        (['optim_wrapper.optimizer.type=SDG'], 'SDG', "did you mean 'SGD'"),
        (['model.head.num_classes=7'], 'num_classes is 7', 'num_classes=10'),
        (['checkpoint=nowhere/moco.pth'], 'nowhere/moco.pth', 'check the path'),
        (['load_from=nowhere/run.pth'], 'nowhere/run.pth', 'check the path'),
        (['optim_wrapper.optimizer.momentun=0.5'], 'momentun', "did you mean 'momentum'"),
        (['model.backbone.deepth=50'], 'deepth', "did you mean 'depth'"),
        (['train_dataloader.dataset.per_class=500'], 'per_class=500', 'class 0 has'),
    ],
)
def test_misspelt_or_wrong_setting(
    options: list[str], thing: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    error = error_of(monkeypatch, capfd, 'train', CE, '--work-dir', tmp_path, '--cfg-options', *TINY, *options)
    assert thing in error
    assert remedy in error


def test_unknown_constructor_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    error = error_of(
        monkeypatch, capfd, 'train', CE, '--work-dir', tmp_path, '--cfg-options', 'model.neck.strange_name=1'
    )
    assert 'model.neck.strange_name: there is no such argument' in error


def test_missing_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    error = error_of(monkeypatch, capfd, 'train', ROOT / 'configs/quickstart/ce_digit.py', '--work-dir', tmp_path)
    assert 'ce_digit.py' in error and 'did you mean' in error and 'ce_digits.py' in error


def test_missing_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    options = ['--work-dir', tmp_path / 'out', '--cfg-options', f'data_root={tmp_path / "nowhere"}']
    error = error_of(monkeypatch, capfd, 'train', FOLDER, *options)
    assert str(tmp_path / 'nowhere') in error and 'data_root=FOLDER' in error


def test_folder_without_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    options = ['--work-dir', tmp_path / 'out', '--cfg-options', f'data_root={tmp_path}']
    error = error_of(monkeypatch, capfd, 'train', FOLDER, *options)
    assert str(tmp_path) in error and 'class folders' in error


def test_empty_class_folder(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    (images / 'emu').mkdir()
    options = ['--work-dir', tmp_path / 'out', '--cfg-options', f'data_root={images}', 'train_dataloader.num_workers=0']
    error = error_of(monkeypatch, capfd, 'train', FOLDER, *options)
    assert str(images / 'emu') in error and 'fill it or remove it' in error


def test_wrong_number_of_classes_in_folder(images: Path, tmp_path: Path, monkeypatch, capfd) -> None:
    options = ['--work-dir', tmp_path / 'out', '--cfg-options', f'data_root={images}', 'model.head.num_classes=3']
    workers = ['train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False']
    error = error_of(monkeypatch, capfd, 'train', FOLDER, *options, *workers)
    assert 'num_classes is 3' in error and '2 classes (cat, dog)' in error and 'num_classes=2' in error


def test_missing_checkpoint_to_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    error = error_of(monkeypatch, capfd, 'test', CE, tmp_path / 'none.pth', '--work-dir', tmp_path)
    assert str(tmp_path / 'none.pth') in error


def test_resume_from_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    error = error_of(monkeypatch, capfd, 'train', CE, '--work-dir', tmp_path, '--resume', tmp_path / 'none.pth')
    assert str(tmp_path / 'none.pth') in error


def test_amp_without_cuda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    error = error_of(monkeypatch, capfd, 'train', CE, '--work-dir', tmp_path, '--amp')
    assert 'needs a CUDA device' in error


def test_missing_data_set_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    """CIFAR-10 is neither there nor to be downloaded."""
    config = ROOT / 'configs/coretuning/r50_cifar10.py'
    nowhere = tmp_path / 'cifar'
    options = [f'data_root={nowhere}', 'train_dataloader.dataset.download=False', 'model.backbone.depth=18']
    error = error_of(monkeypatch, capfd, 'train', config, '--work-dir', tmp_path, '--cfg-options', *options)
    assert str(nowhere) in error and 'CIFAR10' in error and 'correct data_root' in error
