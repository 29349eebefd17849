"""The table of pre-trained features and step costs, from real short runs."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, call_tool


@pytest.mark.slow
def test_two_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """One row each; the first is the unit, hard examples cost more time and memory; nothing is trained twice."""
    configs = [ROOT / 'configs' / 'quickstart' / f'{name}_digits.py' for name in ('mocov2', 'hexa_moco')]
    options = ['--epochs', 1, '--rounds', 3, '--split', 'val', '--work-dir', tmp_path, '--executor', 'in-process']
    assert call_tool(monkeypatch, 'benchmarks/pretraining', *configs, *options) == 0
    first = {path: path.stat().st_mtime_ns for path in tmp_path.glob('runs/*/result.json')}
    assert len(first) == 4 and call_tool(monkeypatch, 'benchmarks/pretraining', *configs, *options) == 0
    assert first == {path: path.stat().st_mtime_ns for path in tmp_path.glob('runs/*/result.json')}
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith('| ')][-4:]
    assert '| 1.00 | 1.00 |' in table[2] and 'hexa_moco_digits' in table[3]
    plain, hard = json.loads((tmp_path / 'results.json').read_text())['methods']
    assert plain['random'] == hard['random'] and 50 < plain['random'][0] < 100
    assert hard['step_seconds'] > plain['step_seconds'] and hard['peak_bytes'] > plain['peak_bytes']
