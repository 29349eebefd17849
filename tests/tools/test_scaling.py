"""The model of a loss over many GPUs: hand-made cases, and the page that shows it."""

import runpy
from types import SimpleNamespace

import pytest

from tests.support.command_line import ROOT, call_tool

FOLDER = ROOT / 'tools' / 'benchmarks'


@pytest.fixture(scope='module')
def model() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(FOLDER / 'scaling.py')))


def test_one_rank_sends_nothing(model: SimpleNamespace) -> None:
    """Three products of 10 x 10 rows of width 4, an addition each: 2,400 operations."""
    cost = model.ring(10, 1, 4, model.Machine(100.0, 1.0, 1.0))
    assert (cost.sent, cost.sending, cost.computing) == (0, 0, 24)
    assert cost.seconds == pytest.approx(24)


def test_two_ranks_by_hand(model: SimpleNamespace) -> None:
    """Blocks of 5 rows are 80 bytes: 80 s a message, which 12 s of products do not hide."""
    cost = model.ring(10, 2, 4, model.Machine(100.0, 1.0, 0.0))
    table = 10 * (8 + 5 * 4)
    assert cost.sent == 2 * 80 + table
    # First pass: 4 s, of which 2 for each block; second: 8 s.
    assert cost.seconds == pytest.approx((80 + 2) + (80 + 4) + table)


def test_more_ranks_share_memory_and_products(model: SimpleNamespace) -> None:
    """With messages for nothing time and matrices halve; each rank sends all rows but its own, twice."""
    machine = model.Machine(1e12, float('inf'), 0.0)
    one, two = (model.ring(4096, ranks, 64, machine) for ranks in (8, 16))
    assert two.seconds == pytest.approx(one.seconds / 2)
    assert one.sent < two.sent < 2 * 4096 * 64 * 4 + 4096 * 28
    assert model.gathered(4096, 16, 64, machine).memory < model.gathered(4096, 8, 64, machine).memory


def test_the_page_shows_what_the_tool_prints(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    page = (FOLDER / 'SCALING.md').read_text()
    for options in ((), ('--teraflops', 300, '--batches', 1048576)):
        assert call_tool(monkeypatch, 'benchmarks/scaling', *options) == 0
        assert capsys.readouterr().out.strip() in page
