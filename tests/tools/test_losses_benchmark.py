"""The benchmark of losses, of small batches: what it writes can be read again."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import call_tool


def test_a_figure_for_each_loss_and_number_of_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Beside the references where they were asked for."""
    file = tmp_path / 'losses.json'
    options = ('--rows', 16, '--alone', 40, '--rounds', 2, '--channels', 8, '--json', file)
    assert call_tool(monkeypatch, 'benchmarks/losses', *options) == 0
    written = json.loads(file.read_text())
    assert written['setting']['versions']['torch'] and written['setting']['channels'] == 8
    figures = {(line['rows'], line['name']): line for line in written['figures']}
    for rows in (16, 40):
        assert figures[rows, 'SCHaNeLoss']['cpu_seconds'] > 0 and figures[rows, 'SCHaNeLoss']['peak_mib'] >= 0
    median, least, largest = figures[16, 'SupConLoss']['to plain SupCon']
    assert 0 < least <= median <= largest
    assert (40, 'plain SupCon') not in figures and 'to plain SupCon' not in figures[40, 'SupConLoss']


def test_losses_with_a_queue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Against SCE as one writes it down."""
    file = tmp_path / 'losses.json'
    options = ('--contest', 'queue', '--queue', 50, '--rows', 16, '--rounds', 2, '--channels', 8, '--json', file)
    assert call_tool(monkeypatch, 'benchmarks/losses', *options) == 0
    figures = {line['name']: line for line in json.loads(file.read_text())['figures']}
    assert {'InfoNCELoss', 'ReSSLLoss', 'SCELoss', 'SCELoss, ten pairs'} <= set(figures)
    assert figures['SCELoss']['to plain SCE'][0] > 0
