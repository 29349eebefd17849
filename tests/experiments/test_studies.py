"""Trials that processes share: each is done once, whoever is killed; what was interrupted goes on as it would have."""

import math
import os
import random
import signal
import time
from pathlib import Path

import pytest

from cft.errors import ConfigError
from cft.experiments.search_settings import SearchSettings
from cft.experiments.spaces import Parameter, Space
from cft.experiments.studies import SharedStudy, TrialResult, best_of, nearest
from tests.support.experiment_work import forked

SPACE = Space(
    'toy',
    {
        'x': Parameter('x', ('a.x',), own=2.0, low=-1.0, high=1.0),
        'y': Parameter('y', ('a.y',), own=0.1, low=0.001, high=10.0, log=True),
        'c': Parameter('c', ('a.c',), own='p', values=('p', 'q')),
    },
    ({'x': 0.5}, {'y': 0.1}),
)


def settings(maximise: bool = True, **changes: object) -> SearchSettings:
    values = dict(config='c', overrides={'data_root': 'd'}, space=SPACE, metric='m', seeds=2, first_seed=0)
    return SearchSettings(**{**values, 'maximise': maximise, 'sampler_seed': 0, 'pruner': 'none', **changes})


def value(overrides: dict) -> float:
    return -((overrides.get('a.x', 0.0) - 0.3) ** 2) - math.log10(overrides.get('a.y', 0.1)) ** 2


def do(folder: Path, limit: int, pause: float = 0.0) -> None:
    study = SharedStudy(folder, settings())
    while (trial := study.next_trial(limit)) is not None:
        with trial.hold:
            with (folder / 'begun.txt').open('a') as file:
                file.write(f'{trial.number}\n')
            time.sleep(pause)
            first = value(trial.overrides)
            study.complete(trial, [first - 1, first + 1])


def begun(folder: Path) -> list[int]:
    return [int(line) for line in (folder / 'begun.txt').read_text().split()]


def test_first_the_config_then_the_points(tmp_path: Path) -> None:
    do(tmp_path, 12)
    results = SharedStudy(tmp_path, settings()).results()
    assert [result.number for result in results] == list(range(12)) == begun(tmp_path)
    # The second point is the config's own value.
    assert [result.overrides for result in results[:2]] == [{}, {'a.x': 0.5}]
    for result in results[2:]:
        assert set(result.overrides) == {'a.x', 'a.y', 'a.c'}
        assert -1 <= result.overrides['a.x'] <= 1 and 0.001 <= result.overrides['a.y'] <= 10
    assert all(result.value == pytest.approx(value(result.overrides)) for result in results)
    assert results[3].spread == pytest.approx(math.sqrt(2))
    importances = SharedStudy(tmp_path, settings()).importances()
    assert sum(importances.values()) == pytest.approx(1) and min(importances, key=importances.get) == 'c'


def test_more_trials_go_on(tmp_path: Path) -> None:
    do(tmp_path, 5)
    do(tmp_path, 5)
    do(tmp_path, 8)
    assert begun(tmp_path) == list(range(8))
    other = tmp_path / 'other'
    other.mkdir()
    do(other, 8)
    points = [[result.point for result in SharedStudy(place, settings()).results()] for place in (tmp_path, other)]
    # Of three trials of five one was for points, of eight two.
    assert points[0][2:] == points[1][2:] and points[0][:2] == points[1][:2]


def test_two_processes_killed_at_random_lose_and_repeat_nothing(tmp_path: Path) -> None:
    generator = random.Random(0)
    limit = 12
    for _ in range(8):
        processes = [forked(lambda: do(tmp_path, limit, pause=0.02)) for _ in range(2)]
        time.sleep(generator.uniform(0.05, 0.4))
        os.kill(processes[0], signal.SIGKILL)
        os.kill(processes[1], signal.SIGKILL)
        for process in processes:
            os.waitpid(process, 0)
    processes = [forked(lambda: do(tmp_path, limit, pause=0.02)) for _ in range(2)]
    assert [os.waitpid(process, 0)[1] for process in processes] == [0, 0]
    # A killed process may have held the journal.
    results = SharedStudy(tmp_path, settings()).results()
    assert [(result.number, result.state) for result in results] == [(number, 'complete') for number in range(limit)]
    assert len({tuple(result.point.items()) for result in results}) == limit
    # Each was begun again at most once for each time that its process was killed.
    assert set(begun(tmp_path)) == set(range(limit)) and len(begun(tmp_path)) <= limit + 16


def test_two_processes_share(tmp_path: Path) -> None:
    processes = [forked(lambda: do(tmp_path, 9, pause=0.05)) for _ in range(2)]
    assert [os.waitpid(process, 0)[1] for process in processes] == [0, 0]
    assert sorted(begun(tmp_path)) == list(range(9))


def test_states(tmp_path: Path) -> None:
    study = SharedStudy(tmp_path, settings(maximise=False))
    study.prune(study.next_trial(9))
    study.fail(study.next_trial(9), 'for a reason')
    study.complete(study.next_trial(9), [3.0, 5.0])
    held = study.next_trial(9)
    results = study.results()
    assert [(r.number, r.state, r.value, r.message) for r in results] == [
        (0, 'pruned', None, 'after validation 0'),
        (1, 'failed', None, 'for a reason'),
        (2, 'complete', 4.0, ''),
        (3, 'running', None, ''),
    ]
    assert study.importances() == {} and best_of(results, False).number == 2
    # What is left, the next one takes, and nothing new is begun beyond the limit.
    held.hold.close()
    assert study.next_trial(4).number == 3


def test_the_best() -> None:
    results = [TrialResult(n, 'complete', v, [], {}, {}) for n, v in enumerate([2.0, 5.0, 5.0, 1.0])]
    failed = TrialResult(4, 'failed', None, [], {}, {})
    assert (best_of([*results, failed], True).number, best_of([*results, failed], False).number) == (1, 3)
    assert best_of([failed], True) is None


def test_the_nearest_value() -> None:
    number, choice = Parameter('p', ('p',), low=1.0, high=2.0), Parameter('p', ('p',), values=(64, 128, 256))
    assert [nearest(number, value) for value in (0, 1.5, 9, None, 'x')] == [1.0, 1.5, 2.0, 1.0, 1.0]
    assert [nearest(choice, value) for value in (4, 128, 1000, None)] == [64, 128, 256, 64]


def test_another_search_in_the_folder(tmp_path: Path) -> None:
    settings().join(tmp_path)
    settings().join(tmp_path)
    assert SearchSettings.read(tmp_path) == settings()
    settings(pruner='median').join(tmp_path)
    assert SearchSettings.read(tmp_path).pruner == 'median'
    with pytest.raises(ConfigError, match='holds another search; it differs in overrides, seeds'):
        settings(overrides={'data_root': 'e'}, seeds=3).join(tmp_path)
