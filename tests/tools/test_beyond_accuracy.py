"""The plan of the analysis beyond accuracy, and its table from records whose differences are known."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from cft.apis import load_config
from cft.apis.evaluation.data import build_dataset
from cft.apis.experiments.checks import PlanChecks
from cft.experiments import Run, RunRecord
from tests.support.command_line import ROOT


@pytest.fixture(scope='module')
def analysis() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools' / 'analysis' / 'beyond_accuracy.py')))


def made_records(analysis: SimpleNamespace, runs: list[Run]) -> list[RunRecord]:
    """Every metric of the table is a random number of the draw, plus about one for COIN, plus noise for the others."""
    generator = np.random.default_rng(0)
    records = []
    for run in runs:
        metrics: dict[str, dict[str, float]] = {'test': {}, 'val': {}, 'new classes': {}}
        for number, row in enumerate(analysis.ROWS):
            value = float(np.random.default_rng([run.seed, number]).normal())
            method = run.labels.get('method')
            value += {'coin': 1.0 + 0.001 * run.seed, 'ce': 0.0}.get(method, float(generator.normal()))
            metrics[row.split][row.metric] = value
        metrics['val'] = dict.fromkeys(analysis.S_DBW, 1.0)
        curve = {'step': [40, 80], **{name: [0.5 + run.seed, 0.25] for name in analysis.S_DBW}}
        records.append(RunRecord(run.name, '', run.config, {}, run.seed, run.labels, metrics, {'val': curve}))
    return records


def test_settings_change_the_data_that_they_name(analysis: SimpleNamespace) -> None:
    """A method of a draw: 50 labels; the same with 10 wrong; 35 of seven classes, with val and test of these alone."""
    runs = {run.name: run for run in analysis.planned_runs([3]) if run.labels.get('method') == 'coin'}
    assert len(runs) == 4
    labels = {}
    for name, run in runs.items():
        settings = {key: value for key, value in run.overrides.items() if key != 'checkpoint'}
        cfg = load_config(run.config, settings)
        parts = {split: build_dataset(cfg, cfg[f'{split}_dataloader'].dataset) for split in ('train', 'val', 'test')}
        labels[name.split('-')[-1]] = [parts[split].get_gt_labels() for split in ('train', 'val', 'test')]
        hooks = [hook['type'] for hook in cfg.custom_hooks]
        assert hooks[0] == 'cft.StageSwitchHook'
        assert len(set(labels[name.split('-')[-1]][0])) == cfg.model.head.num_classes
    clean, noisy, unseen = labels['clean'], labels['noisy20'], labels['unseen']
    assert len(clean[0]) == 50 and int((clean[0] != noisy[0]).sum()) == 10
    assert int((clean[0] != labels['noisy40'][0]).sum()) == 20
    assert np.array_equal(clean[2], noisy[2])
    without = list(map(int, analysis.unseen_classes(3)))
    assert [len(part) for part in unseen] == [int((~np.isin(part, without)).sum()) for part in clean]


def test_every_run_is_another_one_and_its_config_sound(analysis: SimpleNamespace) -> None:
    """All settings of a draw pass the checks before the first run, and no two are taken for the same."""
    runs = analysis.planned_runs([0])
    facts = PlanChecks().facts(runs)
    different = {json.dumps([facts[run.name], run.seed, run.options], sort_keys=True) for run in runs}
    assert len(different) == len(runs) == 1 + 4 * 5


def test_classes_left_out_differ_between_draws(analysis: SimpleNamespace) -> None:
    found = {tuple(analysis.unseen_classes(draw)) for draw in range(30)}
    assert len(found) > 20 and all(len(set(names)) == 3 for names in found)


def test_table_figures_and_numbers(analysis: SimpleNamespace, tmp_path: Path) -> None:
    """COIN's point is bold in every row; the interval of SCL is SciPy's; all is written."""
    records = made_records(analysis, analysis.planned_runs(range(4)))
    printed = '\n'.join(analysis.write_results(records, tmp_path, 'python beyond_accuracy.py'))
    page = (tmp_path / 'beyond_accuracy.md').read_text()
    table = [line.split(' | ') for line in page.splitlines() if line.startswith('| ')][2:]
    assert len(table) == len(analysis.ROWS)
    numbers = json.loads((tmp_path / 'beyond_accuracy.json').read_text())
    for cells, row in zip(table, analysis.ROWS, strict=True):
        values = {key: np.array(found) for key, found in numbers['values'][row.name].items()}
        assert cells[4].startswith(f'**+{row.factor:.2f}'[:5])
        interval = stats.ttest_rel(values['scl'], values['ce']).confidence_interval(0.95)
        told = cells[2].strip('*').split(' ± ')
        assert float(told[0]) == pytest.approx((values['scl'] - values['ce']).mean(), abs=0.006)
        assert float(told[1].strip('*')) == pytest.approx((interval.high - interval.low) / 2, abs=0.006)
    assert numbers['s_dbw on validation']['s_dbw/tong']['step'] == [0, 40, 80]
    assert numbers['s_dbw on validation']['s_dbw/tong']['values']['coin'][2] == [1.0, 2.5, 0.25]
    assert 's_dbw/tong at the end (step 80): CE 0.250; COIN minus CE +0.000' in printed
    assert 'COIN against CE. Better: accuracy; retrieval mAP@R;' in page and 'python beyond_accuracy.py' in page
    assert all((tmp_path / f'{name}.svg').stat().st_size > 10_000 for name in ('beyond_accuracy', 's_dbw'))
