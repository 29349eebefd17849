"""The plan of a leave-one-domain-out table: what is run, and mistakes that show before anything is trained."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mmengine.config import Config

from cft.apis import leave_one_domain_out, load_config
from cft.apis.experiments.checks import PlanChecks, configured
from cft.apis.experiments.domain_generalization import held_out_runs, hold_out
from cft.errors import ConfigError
from cft.experiments import Output, Plan
from tests.support.digits_runs import CONFIGS
from tests.support.domain_runs import CE, CORE_TUNING, DOMAINS, draw, settings

DATASETS = [f'{split}_dataloader' for split in ('train', 'val', 'test')]


@pytest.fixture(scope='module')
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp('data') / 'domains', per_class=2)


@pytest.fixture
def root(drawn: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(drawn, tmp_path / 'domains'))


def test_every_config_domain_and_seed(drawn: Path) -> None:
    runs = held_out_runs([CE, CORE_TUNING], [0, 7], settings(drawn))
    methods = ('quickstart/ce_dg', 'quickstart/coretuning_dg')
    expected = [(method, domain, seed) for method in methods for domain in DOMAINS for seed in (0, 7)]
    assert [(run.labels['method'], run.labels['test_domain'], run.labels['seed']) for run in runs] == expected
    assert len({run.name for run in runs}) == 16
    for run in runs:
        cfg = configured(run)
        assert cfg.randomness.seed == run.seed == run.labels['seed']
        held_out = {(cfg[name].dataset.test_domain, cfg[name].dataset.seed) for name in DATASETS}
        assert held_out == {(run.labels['test_domain'], run.seed)}


SCE = CONFIGS / 'quickstart' / 'sce_domains.py'


def test_pretraining_of_each_domain_and_seed(drawn: Path) -> None:
    """Once for all methods, on the images that they train on, and each starts from that of its domain and seed."""
    runs = held_out_runs([CE, CORE_TUNING], [0, 7], settings(drawn), pretraining=SCE)
    before = {run.name: run for run in runs if not run.labels}
    tuned = [run for run in runs if run.labels]
    assert len(Plan(runs)) == len(runs) == 24 and len(before) == 8 and runs[:8] == list(before.values())
    assert [replace(run, overrides={**run.overrides, 'checkpoint': None}).labels for run in tuned] == [
        run.labels for run in held_out_runs([CE, CORE_TUNING], [0, 7], settings(drawn))
    ]
    for run in tuned:
        start = run.overrides['checkpoint']
        assert isinstance(start, Output)
        cfg, pretraining = configured(replace(run, overrides={**run.overrides, 'checkpoint': None})), before[start.run]
        own = configured(pretraining)
        assert pretraining.seed == run.seed == own.randomness.seed
        expected, found = cfg.train_dataloader.dataset, own.train_dataloader.dataset
        for name in ('data_root', 'test_domain', 'seed', 'split'):
            assert found[name] == expected.get(name, 'train'), name
    assert facts_of(runs[:8]) == facts_of(held_out_runs([CE], [0, 7], settings(drawn), pretraining=SCE)[:8])


def facts_of(runs: list) -> list[dict]:
    return [PlanChecks()._settings(configured(run)) for run in runs]


@pytest.mark.parametrize(
    ('config', 'changes', 'message'),
    [
        ('sce_digits', {}, "must train on a cft.DomainFolder with split='train'"),
        ('sce_domains', {'checkpoint': 'moco.pth'}, 'starts from moco.pth already'),
    ],
)
def test_pretraining_that_does_not_fit(drawn: Path, config: str, changes: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        held_out_runs([CE], [0], settings(drawn, **changes), pretraining=CONFIGS / 'quickstart' / f'{config}.py')


def facts(drawn: Path, launcher: str = 'none', **changes: object) -> list[dict]:
    runs = held_out_runs([CE], [0], settings(drawn, **changes))
    runs = [replace(run, overrides={**run.overrides, 'launcher': launcher}) for run in runs]
    return [PlanChecks()._settings(configured(run)) for run in runs]


def test_what_a_result_depends_on(drawn: Path) -> None:
    """Neither on where it is done, nor on the launcher; on every domain's name and every setting."""
    before = facts(drawn)
    assert before == facts(drawn, log_level='ERROR') == facts(drawn, launcher='pytorch')
    assert all(settings not in before for settings in facts(drawn, optim_wrapper__optimizer__lr=0.2))
    assert all(first not in before[:i] for i, first in enumerate(before))


def test_holding_out_leaves_the_config_alone(drawn: Path) -> None:
    cfg = load_config(CE, settings(drawn))
    before = cfg.to_dict()
    values = hold_out(cfg, 'photo', 5)
    assert cfg.to_dict() == before
    assert values['test_domain'] == 'photo' and values['train_dataloader.dataset.seed'] == 5
    assert hold_out(Config({'model': {}}), 'photo', 5) == {}


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('train_dataloader.dataset.test_domain', 'art', 'each domain is held out in turn'),
        ('val_dataloader.dataset.seed', 3, 'each domain is held out in turn'),
        ('randomness.seed', 3, '--seeds names the seeds'),
        ('default_hooks.checkpoint.save_best', None, "save_best='accuracy/average'"),
        ('val_dataloader.dataset.split', 'test', "'train', 'val' and 'test'"),
        ('val_dataloader.dataset.val_fraction', 0.5, 'val_fraction differs'),
        ('test_dataloader.dataset.type', 'cft.ImageFolder', 'on a cft.DomainFolder'),
        ('test_dataloader.dataset.colour', 1, 'test_dataloader.dataset.colour: there is no such argument'),
        ('data_root', 'nowhere', 'no folder nowhere'),
    ],
)
def test_wrong_settings(drawn: Path, tmp_path: Path, name: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        leave_one_domain_out([CE], [0], tmp_path, settings(drawn) | {name: value})
    assert not (tmp_path / 'runs').exists()


@pytest.mark.parametrize('seeds', [[0, 0], [-1]])
def test_wrong_seeds(drawn: Path, seeds: list[int]) -> None:
    with pytest.raises(ConfigError, match='--seeds must be different numbers'):
        held_out_runs([CE], seeds, settings(drawn))


def test_same_config_twice(drawn: Path) -> None:
    with pytest.raises(ConfigError, match='two configs are called quickstart/ce_dg'):
        held_out_runs([CE, CE], [0], settings(drawn))


def test_configs_of_other_domains(drawn: Path, tmp_path: Path) -> None:
    """Rows that would not fit the columns."""
    other = tmp_path / 'three' / 'ce_dg.py'
    other.parent.mkdir()
    splits = '\n'.join(f'{name} = dict(dataset=dict(domains={list(DOMAINS[:3])}))' for name in DATASETS)
    other.write_text(f'_base_ = {str(CE)!r}\n{splits}\n')
    with pytest.raises(ConfigError, match='quickstart/ce_dg has the domains .* three/ce_dg has'):
        held_out_runs([CE, other], [0], settings(drawn))


def test_unreadable_last_domain_is_found_first(root: Path, tmp_path: Path) -> None:
    """Its images are read in the last run only, hours later."""
    for image in (root / 'sketch' / 'grey').iterdir():
        image.unlink()
    with pytest.raises(ConfigError, match='sketch/grey holds no image'):
        leave_one_domain_out([CE], [0], tmp_path, settings(root))


def test_settings_as_texts(drawn: Path) -> None:
    """As the tool hands them over: the same runs as of values, and the same refusal."""
    values = settings(drawn)
    texts = [f'{name}={value}' for name, value in values.items()]
    of_texts, of_values = (held_out_runs([CE], [0], overrides) for overrides in (texts, values))
    assert of_texts == of_values
    with pytest.raises(ConfigError, match='test_domain: each domain is held out in turn'):
        held_out_runs([CE], [0], [*texts, 'test_domain=ink'])
