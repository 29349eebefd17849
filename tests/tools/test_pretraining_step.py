"""The table of pre-training steps, of small networks."""

import pytest

from tests.support.command_line import ROOT, call_tool


@pytest.mark.parametrize(('plain', 'hexa'), [('mocov2', 'hexa_moco'), ('deepcluster', 'hexa_dcluster')])
def test_a_line_for_each(plain: str, hexa: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """The first is the unit; HEXA's three terms take at most a tenth more memory than one, and all kept much more."""
    plain, hexa = (str(ROOT / 'configs' / 'quickstart' / f'{name}_digits.py') for name in (plain, hexa))
    options = ('--views', 28, 28, '--batch', 128, '--rounds', 1)
    assert call_tool(monkeypatch, 'benchmarks/pretraining_step', plain, hexa, *options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines.pop(0).startswith('seconds')
    rows = {cells[5]: cells[:5] for cells in ([cell.strip() for cell in line.split('|')] for line in lines)}
    assert list(rows) == [plain, hexa, f'{hexa}, all terms kept']
    assert rows[plain][2] == rows[plain][4] == '1.00' and float(rows[plain][0]) > 0
    assert float(rows[hexa][4]) <= 1.1
    assert float(rows[f'{hexa}, all terms kept'][4]) > 2
