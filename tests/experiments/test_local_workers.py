"""Workers on this machine: long-lived, replaced when they die, asked to save when the plan ends."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cft.errors import ConfigError
from cft.experiments import LocalWorkers, Output, Plan, Run, RunsFailed, execute
from cft.experiments.local_workers import environments
from tests.experiments.test_execution import expected, runs, values
from tests.support.experiment_work import HERE, forked, happened

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def workers() -> Iterator[LocalWorkers]:
    with LocalWorkers(2) as executor:
        yield executor


def do(plan: list[Run], folder: Path, work: str, workers: LocalWorkers) -> list:
    return execute(Plan(plan), folder, f'{HERE}:{work}', workers)


def test_each_worker_does_many_runs(workers: LocalWorkers, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    records = do(runs(8, steps=10), tmp_path, 'count', workers)
    assert values(records) == expected(8)
    processes = {record.versions['process'] for record in records}
    assert len(processes) == 2 and os.getpid() not in processes
    assert {record.versions['threads'] for record in records} == {workers.environments[0]['OMP_NUM_THREADS']}
    assert 'about' in capsys.readouterr().out
    for run in runs(8):
        (log,) = tmp_path.glob(f'runs/{run.name}-*/run.log')
        assert log.read_text() == f'the run {run.name} counts\n'
    # They are there for the next plan.
    again = do([Run('other', 'config', seed=5)], tmp_path, 'count', workers)
    assert again[0].versions['process'] in processes


def test_workers_that_die(workers: LocalWorkers, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Killed once, a run is done again; killed twice, it has failed; the others are done by new workers."""
    plan = [
        Run('unlucky', 'config', {'dies': True}, seed=1),
        Run('fatal', 'config', {'dies': True, 'always': True}),
        Run('needs-fatal', 'config', {'start': Output('fatal')}),
        *[Run(f'good-{i}', 'config', {'i': i}) for i in range(3)],
    ]
    with pytest.raises(RunsFailed) as caught:
        do(plan, tmp_path, 'die_first', workers)
    lines = str(caught.value).splitlines()
    assert lines[0] == '2 of 6 runs failed:'
    assert lines[1].startswith('fatal: its process was ended by SIGKILL (log: ')
    assert lines[2] == 'needs-fatal: it needs fatal, which failed'
    found = happened(tmp_path)
    assert found.count('begun unlucky') == found.count('begun fatal') == 2
    assert {line for line in found if line.startswith('done')} == {f'done good-{i}' for i in range(3)} | {
        'done unlucky'
    }
    assert 'unlucky: its process was ended by SIGKILL; it is tried once more' in capsys.readouterr().out


def test_a_worker_that_leaves(workers: LocalWorkers, tmp_path: Path) -> None:
    with pytest.raises(RunsFailed, match='its process ended with exit code 3'):
        do([Run('leaves', 'config', {'leaves': True})], tmp_path, 'fail_where_asked', workers)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL])
def test_the_plan_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    """Its workers save and leave: asked by the process of the plan, or because it is gone."""

    def until_stopped() -> None:
        try:
            with LocalWorkers(1) as executor:
                do([Run('a', 'config', {'steps': 6000})], tmp_path, 'save_when_asked', executor)
        except SystemExit as stop:
            os._exit(stop.code)

    process = forked(until_stopped)
    while not happened(tmp_path):
        time.sleep(0.02)
    os.kill(process, number)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert code == (75 if number == signal.SIGTERM else -signal.SIGKILL)
    (folder,) = tmp_path.glob('runs/a-*')
    deadline = time.monotonic() + 20
    while (not (folder / 'reached.txt').exists() or (folder / '.running').read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert 0 < int((folder / 'reached.txt').read_text()) < 6000
    assert (folder / '.running').read_text() == ''
    assert not (folder / 'result.json').exists()


def test_the_machine_is_divided() -> None:
    assert [env['CUDA_VISIBLE_DEVICES'] for env in environments(4, ['2', 'GPU-5'], cores=9)] == ['2', 'GPU-5'] * 2
    assert {env['OMP_NUM_THREADS'] for env in environments(4, [], cores=9)} == {'2'}
    assert {env['OMP_NUM_THREADS'] for env in environments(4, [], cores=2)} == {'1'}
    assert 'CUDA_VISIBLE_DEVICES' not in environments(1, [], cores=1)[0]
    with pytest.raises(ConfigError, match='at least 1 worker, got 0'):
        LocalWorkers(0)
