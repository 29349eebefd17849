"""The table of pre-training steps, of small networks."""

import pytest

from tests.support.command_line import ROOT, call_tool

CONFIGS = [str(ROOT / 'configs' / 'quickstart' / f'{name}_digits.py') for name in ('mocov2', 'hexa_moco')]


def test_a_line_for_each(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """The first is the unit; HEXA has a second line, in which three terms are kept and take more memory."""
    options = ('--views', 28, 28, '--batch', 16, '--rounds', 1)
    assert call_tool(monkeypatch, 'benchmarks/pretraining_step', *CONFIGS, *options) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith('seconds'))
    rows = {cells[5]: cells[:5] for cells in ([cell.strip() for cell in line.split('|')] for line in lines[head + 1 :])}
    plain, hexa, kept = CONFIGS[0], CONFIGS[1], f'{CONFIGS[1]}, all terms kept'
    assert list(rows) == [plain, hexa, kept]
    assert rows[plain][2] == rows[plain][4] == '1.00' and float(rows[plain][0]) > 0
    assert 1 < float(rows[hexa][4]) < float(rows[kept][4])
