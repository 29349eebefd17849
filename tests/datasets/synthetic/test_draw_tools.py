"""The command lines: a folder with a contact sheet, or one line of error."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cft.datasets.synthetic import read_record
from tests.datasets.synthetic.synthetic_files import contents, names_of

TOOLS = Path(__file__).resolve().parents[3] / 'tools' / 'datasets'


def call(name: str, *arguments: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(TOOLS / f'{name}.py'), *map(str, arguments)]
    environment = os.environ | {'OMP_NUM_THREADS': '1'} | variables
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def sheet(root: Path) -> np.ndarray:
    return np.asarray(Image.open(root / 'preview.png'))


def call_here(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> int:
    """Exit status of a tool run in this process, whose libraries are imported already."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    monkeypatch.syspath_prepend(str(TOOLS.parent))
    try:
        runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
    except SystemExit as stop:
        return stop.code
    return 0


@pytest.mark.slow
def test_shapes(tmp_path: Path) -> None:
    """Into the default folder below the current one."""
    done = call('draw_shapes', '--num-train', 8, '--num-val', 2, '--num-test', 1, '--size', 64, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'drawing 11 images into data/shapes' in done.stdout
    assert 'data/shapes/preview.png' in done.stdout
    root = tmp_path / 'data' / 'shapes'
    assert [len(names_of(root, split)) for split in ('train', 'val', 'test')] == [8, 2, 1]
    assert sheet(root).shape == (2 * 260, 6 * 260, 3)


def test_digit_domains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> None:
    assert call_here(monkeypatch, 'draw_digit_domains', tmp_path / 'here', '--seed', 3) == 0
    assert len(list((tmp_path / 'here').glob('*/*/*.png'))) == 1797
    assert read_record(tmp_path / 'here')['arguments'] == {'seed': 3}
    assert str(tmp_path / 'here' / 'preview.png') in capfd.readouterr().out


@pytest.mark.parametrize('name', ['draw_shapes', 'draw_digit_domains'])
@pytest.mark.parametrize(
    ('arguments', 'message'),
    [([], 'full is not empty; remove it or choose another folder'), (['--seed', -1], '--seed: must be at least 0')],
)
def test_errors_are_one_line(tmp_path: Path, monkeypatch, capfd, name: str, arguments: list, message: str) -> None:
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'mine.txt').write_text('mine')
    assert call_here(monkeypatch, name, tmp_path / 'full', *arguments) == 2
    errors = capfd.readouterr().err
    assert [message in line for line in errors.splitlines() if 'error: ' in line] == [True]
    assert 'Traceback' not in errors
    assert contents(tmp_path) == {'full/mine.txt': b'mine'}


@pytest.mark.parametrize('name', ['draw_shapes', 'draw_digit_domains'])
def test_help_imports_nothing_heavy(tmp_path: Path, name: str) -> None:
    """No library of the toolbox is imported for it."""
    done = call(name, '--help', cwd=tmp_path, PYTHONPROFILEIMPORTTIME='1')
    assert done.returncode == 0 and '--seed' in done.stdout and 'FOLDER' in done.stdout
    imported = {line.split('|')[-1].strip() for line in done.stderr.splitlines() if line.startswith('import time:')}
    assert 'argparse' in imported and not imported & {'cft', 'torch', 'numpy', 'cv2', 'mmengine'}


def test_contact_sheet_of_shapes(shapes: Path) -> None:
    """Four rows of six images, each at twice its size beside a gap."""
    assert sheet(shapes).shape == (4 * 260, 6 * 260, 3)
    cells = [sheet(shapes)[row * 260 :, column * 260 :][:256, :256] for row in range(4) for column in range(6)]
    shown = [np.asarray(Image.open(shapes / 'JPEGImages' / f'{name}.jpg')).astype(int) for name in names_of(shapes)]
    for cell, image in zip(cells, shown, strict=False):
        assert np.median(np.abs(cell[::2, ::2].astype(int) - image)) <= 1
    marked = [
        np.mean(np.abs(cell[::2, ::2].astype(int) - image) > 40) for cell, image in zip(cells, shown, strict=False)
    ]
    assert marked[7] == 0, 'the image without an object'
    assert min(marked[:7]) > 0.005


def test_contact_sheet_of_digits(digit_domains: Path) -> None:
    """A row per domain with its name, then the ten classes."""
    assert sheet(digit_domains).shape == (4 * 68, 132 + 10 * 68, 3)
    for row, domain in enumerate(['plain', 'inverted_colour', 'texture', 'edges']):
        name, digits = np.split(sheet(digit_domains)[row * 68 : row * 68 + 64], [132], axis=1)
        assert 0 < np.mean(name < 100) < 0.2
        for label in range(10):
            first = np.asarray(Image.open(min((digit_domains / domain / str(label)).iterdir())))
            assert np.array_equal(digits[::2, label * 68 : label * 68 + 64 : 2], first)
