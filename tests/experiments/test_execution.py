"""A plan in this process: what is done, what is not repeated, what is shared between processes that are killed."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cft.errors import ConfigError, DataError
from cft.experiments import (
    InProcess,
    Output,
    Plan,
    PlanProgress,
    Run,
    RunRecord,
    RunsFailed,
    execute,
    execution,
    fingerprints,
    read_records,
)
from tests.support.experiment_work import HERE, forked, happened

COUNT = f'{HERE}:count'
FAIL = f'{HERE}:fail_where_asked'


def runs(number: int, steps: int = 0) -> list[Run]:
    """A first run that each second one needs."""
    first = Run('first', 'config', seed=100)
    others = [
        Run(f'run-{i}', 'config', {'steps': steps} | ({'start': Output('first')} if i % 2 else {}), seed=i)
        for i in range(number)
    ]
    return [*others, first]


def expected(number: int) -> dict[str, int]:
    return {f'run-{i}': i + 100 * (i % 2) for i in range(number)} | {'first': 100}


def values(records: list[RunRecord]) -> dict[str, float]:
    return {record.name: record.metrics['val']['value'] for record in records}


def do(plan: list[Run], folder: Path, work: str = COUNT) -> list[RunRecord]:
    with InProcess() as executor:
        return execute(Plan(plan), folder, work, executor)


def wait_until(there: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not there():
        assert time.monotonic() < deadline, 'it does not come'
        time.sleep(0.005)


def test_runs_are_done_after_what_they_need(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    plan = runs(4)
    records = do(plan, tmp_path)
    assert [record.name for record in records] == [run.name for run in plan]
    assert values(records) == expected(4)
    order = happened(tmp_path)
    assert order.index('done first') < order.index('done run-1')
    told = capsys.readouterr().out
    assert '[0/5] run-0' in told and '[5/5] run-3: val value 103.00' in told
    # What a run prints is in its folder, not here.
    assert 'counts' not in told
    folders = sorted((tmp_path / 'runs').glob('run-0-*'))
    assert [len(folder.name) for folder in folders] == [len('run-0-') + 10]
    assert (folders[0] / 'run.log').read_text() == 'the run run-0 counts\n'
    assert records[0].fingerprint.startswith(folders[0].name[-10:])
    assert records[0].started.startswith('20') and records[0].seconds >= 0


def test_finished_runs_are_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    first = do(runs(4), tmp_path)
    capsys.readouterr()
    again = do(runs(6), tmp_path)
    assert again[:4] == first[:4]
    assert sorted(happened(tmp_path)) == sorted(f'done {name}' for name in expected(6))
    told = capsys.readouterr().out
    assert '[5/7]' in told and told.count('(was there)') == 5
    assert {record.name for record in read_records(tmp_path)} == set(expected(6))


def test_name_and_labels_are_no_part_of_a_result(tmp_path: Path) -> None:
    """Called otherwise, a finished run is taken, and its record says so from then on."""
    run = Run('before', 'config', {'steps': 1}, seed=3, labels={'method': 'a'})
    renamed = Run('after', 'config', {'steps': 1}, seed=3, labels={'method': 'b'})
    (first,) = do([run], tmp_path)
    (second,) = do([renamed], tmp_path)
    assert happened(tmp_path) == ['done before']
    assert (second.name, second.labels, second.metrics) == ('after', {'method': 'b'}, first.metrics)
    assert [(record.name, record.labels) for record in read_records(tmp_path)] == [('after', {'method': 'b'})]
    # Two equal runs in one plan are one, and each caller finds what it asked for.
    both = do([run, renamed], tmp_path)
    assert [record.labels['method'] for record in both] == ['a', 'b']
    assert happened(tmp_path) == ['done before']


@pytest.mark.parametrize(
    'change',
    [
        {'config': 'other'},
        {'overrides': {'steps': 2}},
        {'seed': 4},
        {'options': {'splits': ['val']}},
        {'overrides': {'steps': Output('first')}},
    ],
)
def test_fingerprint_follows_what_a_result_depends_on(change: dict) -> None:
    first = Run('first', 'config')
    settings = {'config': 'config', 'overrides': {'steps': 1}, 'seed': 3}
    before, after = (fingerprints(Plan([first, Run('run', **s)]), COUNT, {}) for s in (settings, settings | change))
    assert before['first'] == after['first']
    assert before['run'] != after['run']
    assert fingerprints(Plan([first]), FAIL, {})['first'] != before['first']


def test_fingerprint_follows_the_run_that_is_needed() -> None:
    """Not by its name: by what its result depends on."""

    def of(name: str, seed: int) -> str:
        plan = Plan([Run(name, 'pretraining', seed=seed), Run('fine', 'config', {'checkpoint': Output(name)})])
        return fingerprints(plan, COUNT, {})['fine']

    assert of('sce', 0) == of('moco', 0) != of('sce', 1)


def test_failures_do_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    plan = [
        Run('wrong', 'config', {'wrong': True}),
        Run('bug', 'config', {'bug': True}),
        Run('needs-bug', 'config', {'start': Output('bug')}),
        Run('needs-it-in-turn', 'config', {'start': Output('needs-bug')}),
        Run('good', 'config', seed=7),
    ]
    with pytest.raises(RunsFailed) as caught:
        do(plan, tmp_path, FAIL)
    lines = str(caught.value).splitlines()
    assert lines[0] == '4 of 5 runs failed:'
    assert lines[1].startswith('wrong: wrong has a wrong setting (log: ')
    assert lines[2].startswith('bug: ZeroDivisionError: division by zero (log: ')
    assert lines[3:] == ['needs-bug: it needs bug, which failed', 'needs-it-in-turn: it needs needs-bug, which failed']
    assert happened(tmp_path) == ['done good']
    assert '1 / 0' in next((tmp_path / 'runs').glob('bug-*/run.log')).read_text()
    assert '[5/5] good' in capsys.readouterr().out
    # Mended, it is done.
    with pytest.raises(RunsFailed, match='3 of 4'):
        do(plan[1:], tmp_path, FAIL)
    assert happened(tmp_path) == ['done good']


def test_killed_at_random_moments(tmp_path: Path) -> None:
    """SIGKILL, again and again: at the end every run has been done once, with the records of a whole plan."""
    rng = random.Random(0)
    whole = do(runs(8, steps=8), tmp_path / 'whole')
    kills = 0
    killed = True
    while killed:
        process = forked(lambda: do(runs(8, steps=8), tmp_path / 'parts'))
        # Longer and longer, so that a busy machine comes to the end as well.
        time.sleep(rng.uniform(0.005, 0.1) * (1 + kills / 4))
        os.kill(process, signal.SIGKILL)
        killed = os.WIFSIGNALED(os.waitpid(process, 0)[1])
        kills += killed
    assert kills >= 2
    records = do(runs(8, steps=8), tmp_path / 'parts')
    assert values(records) == values(whole) == expected(8)
    done = happened(tmp_path / 'parts')
    # Killed between its end and its record, a run counts as not done; that window is some milliseconds.
    assert set(done) == {f'done {name}' for name in expected(8)}
    assert [record.fingerprint for record in records] == [record.fingerprint for record in whole]
    # What is recorded is never done again.
    before = happened(tmp_path / 'parts')
    assert do(runs(8, steps=8), tmp_path / 'parts') == records
    assert happened(tmp_path / 'parts') == before


def test_two_processes_share_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run is done by one of them, both return all, and both have worked."""
    monkeypatch.setattr(execution, 'PAUSE', 0.02)

    def share(name: str) -> None:
        (tmp_path / f'{name}.there').touch()
        wait_until(lambda: len(list(tmp_path.glob('*.there'))) == 2)
        records = do(runs(10, steps=20), tmp_path)
        assert values(records) == expected(10)
        (tmp_path / name).write_text(str(os.getpid()))

    processes = [forked(lambda name=name: share(name)) for name in ('a', 'b')]
    assert [os.waitpid(process, 0)[1] for process in processes] == [0, 0]
    assert sorted(happened(tmp_path)) == sorted(f'done {name}' for name in expected(10))
    assert {record.versions['process'] for record in read_records(tmp_path)} == set(processes)


def test_a_lost_holder_gives_its_run_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process is killed in the middle of a run for which another one waits."""
    monkeypatch.setattr(execution, 'PAUSE', 0.02)
    plan = [Run('long', 'config', {'steps': 2000})]
    other = forked(lambda: do(plan, tmp_path))
    wait_until(lambda: list(tmp_path.glob('runs/long-*/step.txt')))
    waiting = forked(lambda: do([Run('long', 'config', {'steps': 2000}), Run('short', 'config')], tmp_path))
    wait_until(lambda: happened(tmp_path) == ['done short'])
    os.kill(other, signal.SIGKILL)
    os.waitpid(other, 0)
    # It begins the long run; waiting for its 10 seconds is not needed.
    folder = next(tmp_path.glob('runs/long-*'))
    wait_until(lambda: f'process {waiting} ' in (folder / '.running').read_text())
    os.kill(waiting, signal.SIGKILL)
    os.waitpid(waiting, 0)


def test_a_signal_ends_a_plan_in_order(tmp_path: Path) -> None:
    """SIGTERM in a run: it saves and leaves with 75, and the same plan goes on where it was."""
    plan = [Run('a', 'config', {'steps': 600}), Run('b', 'config', {'steps': 1})]
    work = f'{HERE}:save_when_asked'

    def until_stopped() -> None:
        try:
            do(plan, tmp_path, work)
        except SystemExit as stop:
            os._exit(stop.code)

    process = forked(until_stopped)
    wait_until(lambda: happened(tmp_path))
    time.sleep(0.1)
    os.kill(process, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 75
    assert happened(tmp_path) == ['begun a at 0']
    reached = int(next(tmp_path.glob('runs/a-*/reached.txt')).read_text())
    next(tmp_path.glob('runs/a-*/reached.txt')).write_text('599')
    assert 0 < reached < 600
    do(plan, tmp_path, work)
    assert happened(tmp_path) == ['begun a at 0', 'begun a at 599', 'done a', 'begun b at 0', 'done b']


def test_damaged_record(tmp_path: Path) -> None:
    do([Run('a', 'config')], tmp_path)
    path = next(tmp_path.glob('runs/a-*/result.json'))
    for content in ('{', '[]', '{"name": "a"}'):
        path.write_text(content)
        with pytest.raises(DataError, match=r'result.json is no record of a run .*; remove it'):
            do([Run('a', 'config')], tmp_path)
    path.unlink()
    assert values(do([Run('a', 'config')], tmp_path)) == {'a': 0}


@pytest.mark.parametrize('work', ['no_such_module:f', f'{HERE}:nothing', 'text'])
def test_work_that_is_not_there(tmp_path: Path, work: str) -> None:
    with pytest.raises(RunsFailed, match='names no function'):
        do([Run('a', 'config')], tmp_path, work)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(ConfigError, match='is a file'):
        do([Run('a', 'config')], tmp_path / 'file')


@pytest.mark.parametrize(
    ('plan', 'message'),
    [
        ([Run('a', 'c'), Run('a', 'd')], 'two runs are called a'),
        ([Run('a', 'c', {'x': Output('b')})], 'run a needs b, which is not in the plan'),
        ([Run('a', 'c', {'x': Output('b')}), Run('b', 'c', {'x': Output('a')})], 'in a circle: a, b'),
    ],
)
def test_plans_that_cannot_be(plan: list[Run], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Plan(plan)


def test_names_that_cannot_be_folders() -> None:
    for name in ('', '../up', '.hidden', 'a b', 'a/b'):
        with pytest.raises(ConfigError, match='cannot be called'):
            Run(name, 'config')


def test_progress_goes_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with (tmp_path / 'told.txt').open('w') as stream, InProcess() as executor:
        execute(Plan([Run('a', 'config')]), tmp_path, COUNT, executor, PlanProgress(stream))
    assert capsys.readouterr().out == ''
    assert (tmp_path / 'told.txt').read_text().splitlines()[1:][0] == '[0/1] a'
