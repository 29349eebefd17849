"""The table of augmentation pipelines, of two images."""

from collections.abc import Iterator

import cv2
import pytest
import torch

from tests.support.command_line import call_tool


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """The tool takes one."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *options: object
) -> tuple[list[str], str, dict[str, tuple[float, float]]]:
    """Lines before the table, the pipeline that is its unit, and rate and ratio of each."""
    assert call_tool(monkeypatch, 'benchmarks/pipelines', *options) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith('pipeline'))
    rows = (line.split('|') for line in lines[head + 1 :])
    return lines[:head], lines[head].split()[-1], {name.strip(): (float(rate), float(x)) for name, rate, x in rows}


@pytest.mark.parametrize('crops', [2, 8])
def test_a_line_for_each(crops: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """Rates are positive, the unit's ratio is 1, and nothing is faster than decoding."""
    lines, unit, table = measured(monkeypatch, capsys, '--crops', crops, '--images', 2, '--rounds', 3)
    assert {'cft', 'mmpretrain', 'torchvision', 'decoding'} <= table.keys()
    assert table[unit][1] == 1 and ('lightly' in table or any('lightly is not installed' in line for line in lines))
    assert 0 < max(rate for rate, _ in table.values()) == table['decoding'][0]


@pytest.mark.slow
def test_two_views_cost_less_than_lightlys(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """Half of the ratio that the README names, in CPU time and in turns, so that a busy machine does not fail it."""
    pytest.importorskip('lightly', reason='the extra "benchmarks" has it')
    _, unit, table = measured(monkeypatch, capsys, '--crops', 2, '--images', 12, '--rounds', 5)
    assert unit == 'lightly' and table['cft'][1] >= 1.4
