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


@pytest.mark.parametrize('crops', [2, 8])
def test_a_line_for_each(crops: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """Rates are positive, the unit's ratio is 1, and nothing is faster than decoding."""
    assert call_tool(monkeypatch, 'benchmarks/pipelines', '--crops', crops, '--images', 2, '--rounds', 3) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith('pipeline'))
    table = {
        name.strip(): (float(rate), float(ratio)) for name, rate, ratio in (x.split('|') for x in lines[head + 1 :])
    }
    assert {'cft', 'mmpretrain', 'torchvision', 'decoding'} <= table.keys()
    unit = lines[head].split()[-1]
    assert table[unit][1] == 1 and ('lightly' in table or any('lightly is not installed' in line for line in lines))
    assert 0 < max(rate for rate, _ in table.values()) == table['decoding'][0]
