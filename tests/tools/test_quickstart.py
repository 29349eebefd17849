"""The quickstart's plan, and what it makes of records: the table, the sentences and the page."""

import argparse
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cft.apis import load_config
from cft.apis.experiments.checks import PlanChecks
from cft.evaluation import compare_methods
from cft.experiments import Output, Plan, RunRecord
from tests.support.command_line import ROOT


@pytest.fixture(scope='module')
def quickstart() -> SimpleNamespace:
    sys.path.insert(0, str(ROOT / 'tools'))
    try:
        return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools' / 'quickstart.py')))
    finally:
        sys.path.remove(str(ROOT / 'tools'))


def made_records(quickstart: SimpleNamespace, draws: int) -> list[RunRecord]:
    """Records of the quickstart's own plan, with numbers that were never measured."""
    generator = np.random.default_rng(0)
    records = []
    for run in quickstart.planned_runs(list(quickstart.NAMES), draws, short=True, data='digits'):
        metrics = {name: 40 + 50 * float(generator.random()) for name in run.options['measures']}
        if run.labels:
            bonus = 0.9 + 0.1 * (run.labels['draw'] % 2) if run.labels['method'] == 'scl' else 0.0
            metrics = {'accuracy/top1': 90.0 + run.labels['draw'] + bonus, **metrics}
        train = {'step': [10, 20], 'loss': [2.0, 1.0 + float(generator.random())]}
        curves = {'train': train, 'val': {'step': [20], 'accuracy/top1': [88.0]}}
        if run.name == 'random':
            curves = {}
        records.append(
            RunRecord(
                run.name, '0' * 64, run.config, {}, run.seed, run.labels, {'test': metrics}, curves, seconds=3.0,
                step_seconds=0.02, peak_bytes=10**9, versions={'torch': '2.11.0'},
            )
        )  # fmt: skip
    return records


def test_methods_share_draw_seed_and_encoder(quickstart: SimpleNamespace) -> None:
    """All methods of a draw have its labels and its seed and start from what pre-training gives, but one."""
    names = [*quickstart.NAMES, *quickstart.BASELINES]
    runs = quickstart.planned_runs(names, 3, short=False, data='digits')
    tuned = [run for run in runs if run.labels]
    assert len(tuned) == 3 * len(names) and len(Plan(runs)) == len(tuned) + 2
    for run in tuned:
        assert run.overrides['train_dataloader.dataset.seed'] == run.seed == run.labels['draw']
        scratch = run.labels['method'] == 'ce_scratch'
        assert run.overrides.get('checkpoint') == (None if scratch else Output('sce'))
        assert run.options['splits'] == ['test']
    assert [run.labels['draw'] for run in tuned] == sorted(run.labels['draw'] for run in tuned)


def test_every_run_is_another_one_and_its_config_sound(quickstart: SimpleNamespace) -> None:
    """What each result depends on is checked before the first run, and no two are taken for the same."""
    names = [*quickstart.NAMES, *quickstart.BASELINES]
    runs = quickstart.planned_runs(names, 2, short=True, data='digits')
    facts = PlanChecks().facts(runs)
    different = {json.dumps([facts[run.name], run.seed, run.options], sort_keys=True) for run in runs}
    assert len(different) == len(runs) == 2 + 2 * 15


def test_fashion_differs_from_digits_in_the_data_alone(quickstart: SimpleNamespace) -> None:
    """The settings of a method, chosen on the digits, stand in both files in the same words."""
    folder = ROOT / 'configs' / 'quickstart'
    for method in [*quickstart.NAMES, *quickstart.BASELINES]:
        if method != 'ce':
            text = (folder / f'{method}_digits.py').read_text()
            assert (folder / f'{method}_fashion.py').read_text() == text.replace('ce_digits.py', 'ce_fashion.py'), (
                method
            )
    settings = [load_config(f'quickstart/ce_{data}') for data in ('digits', 'fashion')]
    for part in ('optim_wrapper', 'param_scheduler', 'train_cfg', 'default_hooks', 'randomness'):
        assert settings[0].get(part) == settings[1].get(part), part
    assert settings[0].model.backbone == settings[1].model.backbone


def test_table_sentences_and_page(quickstart: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The numbers of the records stand in all of them, the advantage of one method with its verdict."""
    records = made_records(quickstart, draws=4)
    tuned = [record for record in records if record.labels]
    comparison = compare_methods(tuned, quickstart.NAMES, 'ce', 'accuracy/top1')
    quickstart.show(argparse.Namespace(work_dir=tmp_path, short=True, data='digits'), records, comparison)
    printed = capsys.readouterr().out
    rows = {line.split('|')[0].strip(): line for line in printed.splitlines() if ' | ' in line}
    assert '91.50' in rows['CE'] and '92.45' in rows['SCL'] and '+0.95' in rows['SCL']
    assert 'Take SCL: +0.95' in printed
    found = {record.name: record.metrics['test']['knn/k20'] for record in records if not record.labels}
    assert f'pre-trained features classify {found["sce"]:.1f} %' in printed
    assert f'random encoder {found["random"]:.1f} %' in printed
    retrieval = comparison.method('scl').metrics['retrieval/map_at_r']
    assert f'{retrieval.mean:.2f} ± {retrieval.std:.2f}' in rows['SCL']
    assert f'{retrieval.difference.mean:+.2f} (' in rows['SCL']
    assert f'SCL {retrieval.difference.mean:+.1f}' in printed
    told = json.loads((tmp_path / 'table.json').read_text())
    scl = told['methods']['scl']['metrics']
    assert scl['accuracy/top1']['mean'] == pytest.approx(92.45) and told['draws'] == [0, 1, 2, 3]
    assert scl['retrieval/map_at_r']['values'] == [round(value, 4) for value in retrieval.values]
    assert scl['retrieval/map_at_r']['adjusted_p'] == retrieval.adjusted_p
    page = (tmp_path / 'report.html').read_text()
    assert 'Take SCL' in page and 'Core-tuning' in page and 'Pre-training' in page
    assert (tmp_path / 'table.md').read_text().count('\n') == 2 + len(quickstart.NAMES)
    assert {path.suffix for path in (tmp_path / 'figures').iterdir()} >= {'.svg', '.png'}
