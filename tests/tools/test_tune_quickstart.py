"""The tuning of the quickstart: equal budgets, validation alone, the best of what was tried, and what it writes."""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from cft.apis import load_config
from cft.apis.experiments.checks import PlanChecks, configured
from cft.errors import ConfigError
from cft.experiments import Output, Run, RunRecord, RunsFailed
from cft.experiments.spaces import Parameter, Space
from tests.support.command_line import ROOT

LR = 'optim_wrapper.optimizer.lr'


@pytest.fixture(scope='module')
def tuning() -> Iterator[ModuleType]:
    folders = [str(ROOT / 'tools' / 'analysis'), str(ROOT / 'tools')]
    sys.path[:0] = folders
    try:
        yield importlib.import_module('tune_quickstart')
    finally:
        for folder in folders:
            sys.path.remove(folder)
        sys.modules.pop('tune_quickstart')


def quickstart_names() -> set[str]:
    """Keys of the comparison's methods."""
    text = (ROOT / 'tools' / 'quickstart.py').read_text()
    blocks = re.findall(r'^(?:NAMES|BASELINES) = \{(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    return {'ce', 'ce_scratch', *(key for block in blocks for key in re.findall(r"^    '(\w+)'", block, re.MULTILINE))}


def learning_rates(*values: float) -> Space:
    return Space('ce', {'lr': Parameter('lr', (LR,), values=values)}, [{'lr': value} for value in values])


def made_records(tuning: ModuleType, runs: list[Run], judge: dict[int, float]) -> list[RunRecord]:
    """Accuracy: that of the trial, and the draw's luck, which all trials share."""
    found = []
    for run in runs:
        values = {}
        if run.labels:
            accuracy = judge[run.labels['trial']] + run.labels['draw'] % 7
            values = {'val': {tuning.METRIC: accuracy, tuning.BESIDE: 80.0}}
        found.append(RunRecord(run.name, '', run.config, {}, run.seed, run.labels, values))
    return found


def test_every_method_of_the_long_form_has_the_same_budget(tuning: ModuleType) -> None:
    """As many trials, all different, on the same draws in every round; none is without trials, none with more."""
    names = tuning.method_names()
    assert set(names) == quickstart_names()
    spaces = {method: tuning.space_of(method, 'digits') for method in names}
    for space in spaces.values():
        assert len({json.dumps(space.overrides(point), sort_keys=True) for point in space.points}) == 8
        # What a point leaves out would change with the config.
        assert all(set(point) == set(space.parameters) for point in space.points)
        for name, parameter in space.parameters.items():
            assert {point[name] for point in space.points} <= set(parameter.values)
    for trials, draws in tuning.ROUNDS:
        runs = tuning.planned_runs(spaces, 'digits', dict.fromkeys(names, range(trials)), draws)
        own = [[run.seed for run in runs if run.labels.get('method') == method] for method in names]
        assert all(seeds == own[0] and len(seeds) == trials * draws for seeds in own)


def test_trials_have_no_test_split_and_draws_of_their_own(tuning: ModuleType) -> None:
    """The config of no trial names test data, and no comparison uses the labels that it is trained on."""
    spaces = {method: tuning.space_of(method, 'digits') for method in ('ce', 'ce_scratch', 'coin')}
    runs = tuning.planned_runs(spaces, 'digits', {method: [0, 7] for method in spaces}, 2)
    facts = PlanChecks().facts(runs)
    assert len({json.dumps([facts[run.name], run.seed], sort_keys=True) for run in runs}) == len(runs) == 1 + 3 * 2 * 2
    for run in runs:
        assert 'test' not in facts[run.name]['data'] and 'test' not in run.options['splits']
        if run.labels:
            assert run.overrides['train_dataloader.dataset.seed'] == run.seed == run.labels['draw'] >= 1000
            scratch = run.labels['method'] == 'ce_scratch'
            assert run.overrides.get('checkpoint') == (None if scratch else Output('sce'))
            cfg = configured(run)
            assert cfg.test_dataloader is cfg.test_evaluator is cfg.test_cfg is None


def test_the_quickstart_has_the_settings_that_were_chosen(tuning: ModuleType) -> None:
    """The chosen trial of each method, on each kind of images, changes nothing of its config."""
    numbers = json.loads((ROOT / 'configs' / 'quickstart' / 'tuning.json').read_text())
    for method, found in numbers['methods'].items():
        chosen = found['trials'][found['best']]['settings']
        for data in tuning.DATA:
            config = f'quickstart/{method}_{data}'
            assert load_config(config, chosen).to_dict() == load_config(config).to_dict(), config
        assert [trial['point'] for trial in found['trials']] == list(tuning.space_of(method, 'digits').points)


def test_the_best_on_all_draws_is_chosen(tuning: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the trials go on; one that is behind on the first draws is not trained on more."""
    rates, judge = (0.1, 0.2, 0.3, 0.4), {0: 90.0, 1: 93.0, 2: 91.0, 3: 93.0}
    done = []

    def run_plan(runs: list[Run], *_: object) -> list[RunRecord]:
        done.append([(run.labels['trial'], run.labels['draw']) for run in runs if run.labels])
        return made_records(tuning, runs, judge)

    monkeypatch.setattr('cft.apis.experiments.runs.run_plan', run_plan)
    spaces, rounds = {'ce': learning_rates(*rates)}, [tuning.Round(4, 2), tuning.Round(2, 3)]
    records = tuning.tune(spaces, 'digits', tmp_path, 'in-process', rounds)
    assert done[0] == [(trial, draw) for draw in (1000, 1001) for trial in range(4)]
    assert done[1] == [(trial, draw) for draw in (1000, 1001, 1002) for trial in (1, 3)]
    printed = tuning.write_results(records, spaces, 'digits', tmp_path, 'python tune_quickstart.py')
    numbers = json.loads((tmp_path / 'tuning.json').read_text())
    # Trials 1 and 3 are equal: the first of them.
    assert numbers['methods']['ce']['best'] == 1 and numbers['draws'] == [1000, 1001, 1002]
    assert numbers['methods']['ce']['trials'][1]['settings'] == {LR: 0.2}
    assert [len(trial['values'][tuning.METRIC]) for trial in numbers['methods']['ce']['trials']] == [2, 3, 2, 3]
    rows = [line for line in printed.splitlines() if line.startswith(('| lr', '| **lr'))]
    assert [row.startswith('| **') for row in rows] == [False, True, False, False]
    assert '+3.00' in rows[1] and '+1.00' in rows[2] and '| - |' in rows[0]


def test_a_trial_that_fails_is_out(tuning: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On whichever draw; the others go on, and the table says it. Where nothing is left, the error is told."""
    judge, failing = {0: 90.0, 1: 93.0, 2: 91.0, 3: 93.0}, {'ce-0-1000', 'ce-1-1001'}

    def run_plan(runs: list[Run], *_: object) -> list[RunRecord]:
        failed = {run.name: 'the loss is infinite' for run in runs if run.name in failing}
        finished = made_records(tuning, [run for run in runs if run.name not in failed], judge)
        if failed:
            raise RunsFailed('runs failed', failed, finished)
        return finished

    monkeypatch.setattr('cft.apis.experiments.runs.run_plan', run_plan)
    spaces = {'ce': learning_rates(0.1, 0.2, 0.3, 0.4)}
    rounds = [tuning.Round(4, 2), tuning.Round(3, 3)]
    records = tuning.tune(spaces, 'digits', tmp_path, 'in-process', rounds)
    assert {trial: len(found) for (_, trial), found in records.items()} == {0: 0, 1: 0, 2: 3, 3: 3}
    printed = tuning.write_results(records, spaces, 'digits', tmp_path, 'python tune_quickstart.py')
    assert json.loads((tmp_path / 'tuning.json').read_text())['methods']['ce']['best'] == 3
    assert re.findall(r'^\| lr 0\.(\d) \| 0 \| failed \| - \| - \|$', printed, re.MULTILINE) == ['1', '2']
    failing |= {'ce-2-1000', 'ce-3-1000'}
    with pytest.raises(RunsFailed, match='runs failed'):
        tuning.tune(spaces, 'digits', tmp_path, 'in-process', rounds)


def test_a_space_with_more_trials_is_refused(
    tuning: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (tuning.SPACES / 'ce.yaml').read_text()
    (tmp_path / 'ce.yaml').write_text(f'{text}  - {{learning_rate: 0.2, weight_decay: 0}}\n')
    monkeypatch.setattr(tuning, 'SPACES', tmp_path)
    with pytest.raises(ConfigError, match='ce.yaml has 9 points.*8'):
        tuning.space_of('ce', 'digits')


@pytest.mark.slow
def test_end_to_end_and_again(tuning: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tuning of two trials really trains; the same call takes what is there and tells the same."""
    planned = tuning.planned_runs
    short = {'train_dataloader.num_workers': 0, 'train_dataloader.persistent_workers': False}

    def shorter(*args: object) -> list[Run]:
        lengths = [{'epochs': 1, 'default_hooks.checkpoint.interval': 1}] + [
            {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2, 'default_hooks.checkpoint.interval': 2}
        ] * 99
        runs = planned(*args)
        return [
            replace(run, overrides={**run.overrides, **short, **length})
            for run, length in zip(runs, lengths[: len(runs)], strict=True)
        ]

    monkeypatch.setattr(tuning, 'planned_runs', shorter)
    spaces, rounds = {'ce': learning_rates(0.001, 0.05)}, [tuning.Round(2, 2), tuning.Round(1, 3)]
    first = tuning.tune(spaces, 'digits', tmp_path, 'in-process', rounds)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.glob('runs/*/result.json')}
    # Pre-training, two trials on two draws, and the better one on the third.
    assert len(files) == 1 + 4 + 1
    again = tuning.tune(spaces, 'digits', tmp_path, 'in-process', rounds)
    assert files == {path: path.stat().st_mtime_ns for path in tmp_path.glob('runs/*/result.json')}
    assert tuning.judged(first, 'ce', spaces['ce']) == tuning.judged(again, 'ce', spaces['ce'])
    assert all(set(record.metrics) == {'val'} for found in first.values() for record in found)
