"""The plan of the study of adversarial training, and its page from records whose differences are known."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from cft.apis import load_config
from cft.apis.experiments.checks import PlanChecks
from cft.errors import ConfigError
from cft.experiments import Run, RunRecord
from tests.support.command_line import ROOT

VALUES = {
    'ce': (95.0, 10.0, 5.0),
    'at_ce': (92.0, 50.0, 48.0),
    'at_con': (92.5, 51.0, 48.5),
    'at_core': (93.0, 49.0, 47.0),
}


@pytest.fixture(scope='module')
def study() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools' / 'analysis' / 'robust_accuracy.py')))


def made_record(study: SimpleNamespace, run: Run) -> RunRecord:
    """Draws differ by whole points that methods share, and AT-Core by a tenth more."""
    method, draw = run.labels.get('method', 'ce'), run.labels.get('draw', 0)
    values = [value + draw + 0.1 * draw * (method == 'at_core') for value in VALUES[method]]
    metrics = {'test': dict(zip(study.COLUMNS, values, strict=True))}
    return RunRecord(run.name, '', run.config, {}, run.seed, run.labels, metrics)


@pytest.mark.parametrize(('epsilon', 'steps'), [(None, (24, 12)), (48, (48, 24))])
def test_methods_of_a_draw_share_data_and_attack(
    epsilon: int | None, steps: tuple[float, float], study: SimpleNamespace
) -> None:
    """Trained and attacked at one strength, on the same labels; only CE is trained without."""
    pretraining, *runs = study.planned_runs('digits', [4], images=2, queries=10, epsilon=epsilon)
    assert len(PlanChecks().facts([pretraining, *runs])) == 5
    configs = {
        run.labels['method']: load_config(run.config, {k: v for k, v in run.overrides.items() if k != 'checkpoint'})
        for run in runs
    }
    for method, cfg in configs.items():
        assert cfg.train_dataloader.dataset.seed == 4
        assert cfg.test_dataloader.dataset.to_dict() == configs['ce'].test_dataloader.dataset.to_dict()
        assert (cfg.test_dataloader.dataset.per_class, cfg.test_dataloader.dataset.dataset.split) == (2, 'test')
        attack = runs[0].options['attack']
        assert ('adversarial' in cfg.model) == (method != 'ce')
        if method != 'ce':
            assert (cfg.model.adversarial.norm, cfg.model.adversarial.epsilon) == (attack['norm'], attack['epsilon'])
            assert (cfg.model.adversarial.epsilon, cfg.model.adversarial.step) == steps
    assert all(run.options == runs[0].options for run in runs)
    heads = {
        method: (cfg.model.head.get('contrastive') or {}).get('loss', {}).get('type') for method, cfg in configs.items()
    }
    assert heads == {'ce': None, 'at_ce': None, 'at_con': 'cft.SupConLoss', 'at_core': 'cft.FocalSupConLoss'}


def test_an_attack_that_none_can_have_is_told_before_the_first_run() -> None:
    run = Run('ce', 'quickstart/ce_digits', options={'attack': {'norm': 'l1', 'epsilon': 4}})
    with pytest.raises(ConfigError, match='norm must be linf or l2'):
        PlanChecks().facts([run])


def test_page_and_numbers(study: SimpleNamespace, tmp_path: Path) -> None:
    runs = study.planned_runs('digits', range(3), images=2, queries=10)
    records = [made_record(study, run) for run in runs]
    args = SimpleNamespace(data='digits', draws=3, images=2)
    study.write_results(records, runs, args, tmp_path, 'python robust_accuracy.py')
    page, numbers = (tmp_path / 'robust.md').read_text(), json.loads((tmp_path / 'robust.json').read_text())
    assert numbers['values']['robust/pgd20']['at_core'] == [49.0, 50.1, 51.2]
    assert '| AT-CE-Con | 93.5 (1.0) | 52.0 (1.0) | 49.5 (1.0) |' in page
    assert 'AT-CE minus CE, points with 95 % interval: clean -3.0' in page
    assert 'AT-Core minus AT-CE, points with 95 % interval: clean +1.1 (+0.9 to +1.3, above); PGD-20 -0.9' in page
    assert '(-1.1 to -0.7, below)' in page and 'not distinguishable' not in page.split('AT-Core minus AT-CE,')[1][:90]
