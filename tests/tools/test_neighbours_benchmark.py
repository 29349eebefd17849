"""The benchmark of nearest neighbours, on few rows."""

import pytest

from tests.support.command_line import call_tool


def test_both_find_the_same(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    options = ('--references', 400, '--queries', 12, '--dimensions', 16, '--neighbours', 5)
    assert call_tool(monkeypatch, 'benchmarks/neighbours', *options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split('|')[0].strip() for line in lines[1:4]] == ['search', 'cft', 'scikit-learn']
    assert 'the same neighbours: 12 of 12 rows' in lines[4]


def test_ours_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    options = ('--references', 40, '--queries', 2, '--dimensions', 3, '--alone')
    assert call_tool(monkeypatch, 'benchmarks/neighbours', *options) == 0
    assert 'scikit-learn' not in capsys.readouterr().out
