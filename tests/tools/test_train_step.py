"""The table of training steps, of small networks."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, call_tool

CE, SCHANE = (str(ROOT / 'configs' / 'quickstart' / f'{name}_digits.py') for name in ('ce', 'schane'))


def test_rows_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """The first is the unit; a method of two views keeps twice as much, and a layout no more than before."""
    out = tmp_path / 'steps.json'
    options = ('--with', 'channels_last', '--sizes', 16, '--batch', 8, '--steps', 7, '--cpu-time', '--out', out)
    assert call_tool(monkeypatch, 'benchmarks/train_step', CE, SCHANE, *options) == 0
    rows = json.loads(out.read_text())['rows']
    assert [(row['config'], row['with']) for row in rows] == [
        (CE, None), (CE, 'channels_last'), (SCHANE, None), (SCHANE, 'channels_last')
    ]  # fmt: skip
    assert (rows[0]['ratio'], rows[0]['interval']) == (1, [1, 1])
    assert all(row['interval'][0] <= row['ratio'] <= row['interval'][1] for row in rows)
    assert rows[2]['saved_bytes'] == pytest.approx(2 * rows[0]['saved_bytes'], rel=0.1)
    assert rows[1]['saved_bytes'] == pytest.approx(rows[0]['saved_bytes'], rel=0.01)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(' | ')[-1] for line in lines[-4:]] == [
        CE, f'{CE} with channels_last', SCHANE, f'{SCHANE} with channels_last'
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize('task', ['seg', 'det'])
def test_tasks_of_pixels_and_boxes(task: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """The optimiser of the config takes its steps there, too."""
    config = str(ROOT / 'configs' / 'quickstart' / f'ce_{task}.py')
    options = ('--with', 'fused', '--sizes', 64, '--batch', 2, '--steps', 1)
    assert call_tool(monkeypatch, 'benchmarks/train_step', config, *options) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(f'{config} with fused')
