"""The measuring of tools/benchmarks/start_up.py, on processes that do little."""

import runpy
import sys
from collections.abc import Callable

import pytest

from tests.support.command_line import ROOT

BUSY = 'import time\nwhile time.process_time() < 0.3: pass\nprint("done")'


@pytest.fixture
def tool() -> dict[str, Callable]:
    return runpy.run_path(str(ROOT / 'tools' / 'benchmarks' / 'start_up.py'))


def test_seconds_of_a_process_and_its_children(tool: dict[str, Callable]) -> None:
    cost, printed = tool['measured']([sys.executable, '-c', BUSY])
    assert printed == 'done\n' and cost['cpu'] >= 0.3 and cost['wall'] >= 0.3
    nested = 'import subprocess, sys; subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)'
    cost, printed = tool['measured']([sys.executable, '-c', nested, BUSY])
    assert printed == 'done\n' and cost['cpu'] >= 0.3


def test_a_process_that_fails_ends_it(tool: dict[str, Callable]) -> None:
    with pytest.raises(SystemExit, match='ZeroDivisionError'):
        tool['measured']([sys.executable, '-c', '1 / 0'])


def test_the_least_of_the_rounds_is_shown(tool: dict[str, Callable], capsys: pytest.CaptureFixture) -> None:
    found: dict = {}
    for cpu, wall in ((2.0, 5.0), (3.0, 4.0)):
        tool['keep_least'](found, tool['FLOOR'], {'cpu': cpu, 'wall': wall})
    tool['keep_least'](found, 'import cft', {'cpu': 3.0, 'wall': 4.5})
    assert found == {tool['FLOOR']: {'cpu': 2.0, 'wall': 4.0}, 'import cft': {'cpu': 3.0, 'wall': 4.5}}
    tool['show'](found)
    assert capsys.readouterr().out.splitlines()[-1].split() == ['import', 'cft', '3.00', '4.50', '1.50']
