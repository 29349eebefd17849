"""cft table: the walk of a reader from a paper's table to a plan, and a stand-in from end to end."""

import json
from pathlib import Path

import pytest

import cft_cli
from cft.apis.tables.reading import list_tables


def call(*arguments: object) -> int:
    try:
        cft_cli.main([*map(str, arguments)])
    except SystemExit as stop:
        return stop.code or 0
    return 0


def test_list_and_show(capsys: pytest.CaptureFixture) -> None:
    assert call('table', 'list') == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(':')[0] for line in lines] == list_tables()
    assert call('table', 'show', 'schane/table_1') == 0
    shown = capsys.readouterr().out
    assert '87.00 ± 0.70' in shown and 'Published figures: paper' in shown and 'schane/beit3_b16_cifar_fs' in shown


def test_plan(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours, disk and what is missing; nothing is written."""
    monkeypatch.chdir(tmp_path)
    assert call('table', 'plan', 'coin/table_3', '--executor', 'in-process', '--seeds', 2) == 0
    told = capsys.readouterr().out
    assert '10 runs' in told and 'GPU-hours of training steps' in told and 'GB of checkpoints' in told
    assert 'data: data/cifar10 (about 0.2 GB)' in told and 'python tools/datasets/prepare.py cifar10' in told
    assert 'checkpoint: checkpoints/moco_v2_800ep_pretrain.pth.tar' in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_stand_in_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of a table, then more of it: what is finished is not done again, and is collected."""
    monkeypatch.chdir(tmp_path)
    common = ('schane/table_1', '--stand-in', '--work-dir', 'runs')
    run = ('table', 'run', *common, '--executor', 'in-process', '--seeds', 1, '--cells')
    assert call(*run, 'ce.cifar_fs_1') == 0
    assert capsys.readouterr().out.count('(was there)') == 0
    assert call(*run, 'ce.cifar_fs_1', 'schane.cifar_fs_1') == 0
    again = capsys.readouterr().out
    # The pre-training and the first cell's run.
    assert again.count('(was there)') == 2 and len(list(Path('runs/stand_in/runs').glob('*/result.json'))) == 3
    assert call('table', 'collect', *common, '--seeds', 1) == 0
    assert 'STAND-IN' in capsys.readouterr().out
    found = json.loads(Path('runs/stand_in/stand_in_schane_table_1.json').read_text())
    filled = [cell for cell in found['cells'] if cell['values']]
    assert len(filled) == 16 and all(cell['published'] is None for cell in filled)
