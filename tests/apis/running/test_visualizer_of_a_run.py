"""Runs of one process: each writes its records into its own folder."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.runner import runner as mmengine_runner

from cft.apis import build_runner, load_config


def test_runs_that_begin_in_the_same_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a name, a logger, a hub of records and a folder of its own."""
    now = [1e9]
    clock = SimpleNamespace(time=lambda: now[0], localtime=time.gmtime, strftime=time.strftime)
    monkeypatch.setattr(mmengine_runner, 'time', clock)
    settings = {'work_dir': str(tmp_path)}
    runners = [build_runner(load_config('quickstart/ce_digits', settings)) for _ in range(3)]
    now[0] += 1
    runners.append(build_runner(load_config('quickstart/ce_digits', settings)))
    second = '20010909_014640'
    assert [runner.timestamp for runner in runners] == [second, f'{second}_2', f'{second}_3', '20010909_014641']
    assert len({runner.experiment_name for runner in runners}) == 4
    assert len({id(runner.message_hub) for runner in runners}) == len({id(runner.logger) for runner in runners}) == 4
    assert len({runner.log_dir for runner in runners}) == 4


def test_a_visualizer_that_the_config_names(tmp_path: Path) -> None:
    """As those of segmentation and detection are named."""
    folders = []
    for name in ('first', 'second'):
        settings = {'work_dir': str(tmp_path / name), 'visualizer.name': 'visualizer'}
        runner = build_runner(load_config('quickstart/ce_digits', settings))
        assert runner.cfg.visualizer.name == 'visualizer'
        runner.visualizer.add_scalar('loss', 1.0)
        folders.append({file.relative_to(tmp_path).parts[0] for file in tmp_path.rglob('scalars.json')})
    assert folders == [{'first'}, {'first', 'second'}]
