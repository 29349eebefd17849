"""The plan of few-shot tasks on Fashion-MNIST: what is held out, that all runs differ, and the page of records."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cft.apis import load_config
from cft.apis.evaluation.data import build_dataset
from cft.apis.experiments.checks import PlanChecks
from cft.evaluation.few_shot import few_shot_name
from cft.experiments import RunRecord
from tests.support.command_line import ROOT


@pytest.fixture(scope='module')
def analysis() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools' / 'analysis' / 'few_shot.py')))


def test_no_class_of_the_tasks_is_trained_on(analysis: SimpleNamespace) -> None:
    names = set(analysis.held_out())
    assert len(names) == 5
    for run in analysis.planned_runs(1, 1, tasks=20)[:3]:
        cfg = load_config(run.config, {key: value for key, value in run.overrides.items() if key != 'checkpoint'})
        known = build_dataset(cfg, cfg.train_dataloader.dataset).metainfo['classes']
        assert len(known) == 5 and not names & set(known)
        if run.labels:
            assert set(build_dataset(cfg, cfg.test_dataloader.dataset).metainfo['classes']) == names
            assert cfg.model.head.num_classes == 5 and cfg.val_dataloader is None


def test_every_run_is_another_one_and_its_config_sound(analysis: SimpleNamespace) -> None:
    runs = analysis.planned_runs(1, 1, tasks=20)
    facts = PlanChecks().facts(runs)
    different = {json.dumps([facts[run.name], run.seed, run.options], sort_keys=True) for run in runs}
    assert len(different) == len(runs) == 1 + 3 + 6
    weights = [run.overrides['model.head.loss_weights']['loss_con'] for run in runs if run.name.startswith('schane')]
    assert sorted(weights) == [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]


@pytest.mark.parametrize('seeds', [1, 3])
def test_page_of_records(seeds: int, analysis: SimpleNamespace, tmp_path: Path) -> None:
    """SCHaNe is two points above in every row, and lambda's mean is highest at 0.7."""
    generator, records = np.random.default_rng(0), []
    for run in analysis.planned_runs(3, seeds, tasks=20):
        method = run.labels.get('method', '')
        gain = {'schane 0.9': 2.0, 'schane 0.7': 3.0}.get(method, 0.0)
        metrics = {
            few_shot_name(shots, head): 50 + run.seed + gain + 0.01 * float(generator.normal())
            for shots in analysis.SHOTS
            for head in analysis.HEADS
        }
        records.append(RunRecord(run.name, '', run.config, {}, run.seed, run.labels, {'test': metrics}))
    printed = '\n'.join(analysis.write_results(records, seeds, 20, tmp_path, 'python few_shot.py'))
    page = (tmp_path / 'few_shot.md').read_text()
    assert page.count('CE + SCHaNe is above CE in') == 6 and 'CE + SupCon is' not in page
    certain = 'certainly' if seeds > 1 else 'not certainly'
    assert f'at lambda 0.7, {certain} above lambda 0.' in page and 'python few_shot.py' in page and 'nan' not in page
    assert '1-shot, logistic' in printed
    assert len(json.loads((tmp_path / 'few_shot.json').read_text())['runs']) == 9 + 6 * seeds
