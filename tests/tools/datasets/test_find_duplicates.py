"""tools/datasets/find_duplicates.py on a folder with known doubles."""

import shutil
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, call_tool
from tests.support.domain_runs import CE, draw

FOLDER = ROOT / 'configs/ce/r50_folder.py'


def call(monkeypatch: pytest.MonkeyPatch, root: Path, config: Path = CE) -> int:
    return call_tool(monkeypatch, 'datasets/find_duplicates', config, '--data-root', root)


def test_all_pairs_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """A copy from each training domain in the test domain; exit status 1."""
    root = draw(tmp_path / 'data', per_class=5)
    pairs = []
    for domain in ('art', 'clip', 'photo'):
        source = root / domain / 'grey' / '00.png'
        target = root / 'edges' / 'grey' / f'{domain}.png'
        target.parent.mkdir(parents=True, exist_ok=True)
        pairs.append((source, shutil.copy(source, target)))
    assert call(monkeypatch, root) == 1
    output = ' '.join(capsys.readouterr().out.split())
    train_or_val = [f'{target} = {source}' for source, target in pairs]
    assert sum(line in output for line in train_or_val) >= 2
    assert 'test images are also training images' in output and 'val: ' in output


def test_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    root = draw(tmp_path / 'data', per_class=5)
    (root / 'sketch').rename(root / 'edges')
    assert call(monkeypatch, root) == 0
    output = capsys.readouterr().out
    assert 'val: 9 images, no double' in output and 'test: 15 images, no double' in output


def test_missing_folder_and_images_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    assert call(monkeypatch, tmp_path / 'nowhere', FOLDER) == 2
    assert f'no folder {tmp_path / "nowhere"}' in capsys.readouterr().err
    assert call_tool(monkeypatch, 'datasets/find_duplicates', ROOT / 'configs/quickstart/ce_digits.py') == 2
    assert 'no image files' in capsys.readouterr().err
