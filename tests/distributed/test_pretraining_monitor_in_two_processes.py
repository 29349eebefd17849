"""Two processes log of a pre-training what one does."""

from pathlib import Path

import pytest

from tests.support.digits_runs import run, short_config
from tests.support.two_ranks import output_of

pytestmark = pytest.mark.slow


def test_equal_to_one_process(tmp_path: Path) -> None:
    hooks = [*short_config('sce', tmp_path).custom_hooks, dict(type='cft.KNNMonitorHook')]
    run('sce', tmp_path / 'alone', iterations=1, custom_hooks=hooks)
    printed = output_of('tests.distributed.pretraining_monitor_worker', tmp_path)
    assert printed.count(': ok') == 6
