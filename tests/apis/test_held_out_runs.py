"""The plan of a leave-one-domain-out table: what is run, and mistakes that show before anything is trained."""

import shutil
from pathlib import Path

import pytest
from mmengine.config import Config

from cft.apis import load_config
from cft.apis.held_out_runs import config_digest, hold_out, plan_runs
from cft.errors import ConfigError
from tests.support.domain_runs import CE, CORE_TUNING, DOMAINS, draw, settings

DATASETS = [f'{split}_dataloader' for split in ('train', 'val', 'test')]


@pytest.fixture(scope='module')
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp('data') / 'domains', per_class=2)


@pytest.fixture
def root(drawn: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(drawn, tmp_path / 'domains'))


def test_every_config_domain_and_seed(drawn: Path, tmp_path: Path) -> None:
    runs = plan_runs([CE, CORE_TUNING], [0, 7], tmp_path, settings(drawn))
    methods = ('quickstart/ce_dg', 'quickstart/coretuning_dg')
    expected = [(method, domain, seed) for method in methods for domain in DOMAINS for seed in (0, 7)]
    assert [(run.method, run.test_domain, run.seed) for run in runs] == expected
    assert len({run.folder for run in runs}) == 16
    for run in runs:
        assert run.cfg.randomness.seed == run.seed
        for name in DATASETS:
            assert (run.cfg[name].dataset.test_domain, run.cfg[name].dataset.seed) == (run.test_domain, run.seed)
    assert not (tmp_path / 'runs').exists()


def test_folder_follows_from_what_the_result_depends_on(drawn: Path, tmp_path: Path) -> None:
    def folders(**changes: object) -> list[Path]:
        return [run.folder for run in plan_runs([CE], [0], tmp_path, settings(drawn, **changes))]

    assert folders() == folders(log_level='ERROR')
    assert not set(folders()) & set(folders(optim_wrapper__optimizer__lr=0.2))
    launched = plan_runs([CE], [0], tmp_path, settings(drawn), launcher='pytorch')
    assert [run.folder for run in launched] == folders()
    assert {run.cfg.launcher for run in launched} == {'pytorch'}


def test_holding_out_leaves_the_config_alone(drawn: Path) -> None:
    cfg = load_config(CE, settings(drawn))
    before = config_digest(cfg)
    assert config_digest(hold_out(cfg, 'photo', 5)) != before == config_digest(cfg)
    assert hold_out(Config({'model': {}}), 'photo', 5).randomness.seed == 5


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
        ('test_dataloader.dataset.colour', 1, 'test_dataloader.dataset cannot be built.*colour'),
        ('data_root', 'nowhere', 'no folder nowhere'),
    ],
)
def test_wrong_settings(drawn: Path, tmp_path: Path, name: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_runs([CE], [0], tmp_path, settings(drawn) | {name: value})


@pytest.mark.parametrize('seeds', [[0, 0], [-1]])
def test_wrong_seeds(drawn: Path, tmp_path: Path, seeds: list[int]) -> None:
    with pytest.raises(ConfigError, match='--seeds must be different numbers'):
        plan_runs([CE], seeds, tmp_path, settings(drawn))


def test_same_config_twice(drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='two configs are called quickstart/ce_dg'):
        plan_runs([CE, CE], [0], tmp_path, settings(drawn))


def test_configs_of_other_domains(drawn: Path, tmp_path: Path) -> None:
    """Rows that would not fit the columns."""
    other = tmp_path / 'three' / 'ce_dg.py'
    other.parent.mkdir()
    splits = '\n'.join(f'{name} = dict(dataset=dict(domains={list(DOMAINS[:3])}))' for name in DATASETS)
    other.write_text(f'_base_ = {str(CE)!r}\n{splits}\n')
    with pytest.raises(ConfigError, match='quickstart/ce_dg has the domains .* three/ce_dg has'):
        plan_runs([CE, other], [0], tmp_path, settings(drawn))


def test_unreadable_last_domain_is_found_first(root: Path, tmp_path: Path) -> None:
    """Its images are read in the last run only, hours later."""
    for image in (root / 'sketch' / 'grey').iterdir():
        image.unlink()
    with pytest.raises(ConfigError, match='sketch/grey holds no image'):
        plan_runs([CE], [0], tmp_path, settings(root))


def test_settings_as_texts(drawn: Path, tmp_path: Path) -> None:
    """As the tool hands them over: the same runs as of values, and the same refusal."""
    values = settings(drawn)
    texts = [f'{name}={value}' for name, value in values.items()]
    of_texts, of_values = (plan_runs([CE], [0], tmp_path, overrides) for overrides in (texts, values))
    assert [run.folder for run in of_texts] == [run.folder for run in of_values]
    with pytest.raises(ConfigError, match='test_domain: each domain is held out in turn'):
        plan_runs([CE], [0], tmp_path, [*texts, 'test_domain=ink'])
