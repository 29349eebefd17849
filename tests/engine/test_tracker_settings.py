"""tracker=NAME: what it puts into a config, and what it leaves alone."""

import pytest

from cft.apis import load_config
from cft.engine.hooks.config_check import check_settings
from cft.engine.tracker_settings import SETTINGS, with_tracker
from cft.errors import ConfigError

LOCAL = {'type': 'LocalVisBackend'}


def kinds(config: str, *options: str) -> list[str]:
    cfg = load_config(config, options)
    check_settings(cfg, acted=True)
    return [backend['type'] for backend in cfg.visualizer.vis_backends]


@pytest.mark.parametrize('config', ['quickstart/ce_digits', 'quickstart/ce_seg', 'quickstart/ce_det'])
@pytest.mark.parametrize('name', SETTINGS)
def test_the_config_says_what_runs(config: str, name: str) -> None:
    assert kinds(config, f'tracker={name}') == ['LocalVisBackend', SETTINGS[name]['type']]


@pytest.mark.parametrize('none', ['none', 'None'])
def test_none(none: str) -> None:
    assert kinds('quickstart/ce_digits', f'tracker={none}') == ['LocalVisBackend']


def test_a_dumped_config_changes_its_tracker(tmp_path) -> None:
    """It has one at a time; settings of one that stays are kept, and so is what is no tracker."""
    options = ['tracker=wandb', 'visualizer.vis_backends.1.init_kwargs.project=flowers']
    load_config('quickstart/ce_digits', options).dump(tmp_path / 'dumped.py')
    cfg = load_config(tmp_path / 'dumped.py', ['tracker=wandb'])
    assert cfg.visualizer.vis_backends[1].init_kwargs == {'mode': 'offline', 'project': 'flowers'}
    check_settings(cfg, acted=True)
    assert cfg.tracker == 'wandb'
    assert kinds(str(tmp_path / 'dumped.py'), 'tracker=mlflow') == ['LocalVisBackend', 'cft.MLflowVisBackend']
    assert kinds(str(tmp_path / 'dumped.py'), 'tracker=none') == ['LocalVisBackend']
    own = [LOCAL, {'type': 'AimVisBackend'}]
    assert with_tracker([*own, {'type': 'WandbVisBackend'}], None) == own


def test_the_settings_are_nobodys_to_change() -> None:
    first = load_config('quickstart/ce_digits', ['tracker=wandb'])
    first.visualizer.vis_backends[1].init_kwargs.project = 'flowers'
    assert SETTINGS['wandb']['init_kwargs']['project'] == 'cft'


def test_a_name_that_reaches_nothing_is_refused(tmp_path) -> None:
    """In a config above its bases MMEngine has read the backends before: said, not passed over."""
    config = tmp_path / 'mine.py'
    base = load_config('quickstart/ce_digits').filename
    config.write_text(f"_base_ = ['{base}']\ntracker = 'wandb'\n")
    with pytest.raises(ConfigError, match="tracker='wandb' has no effect"):
        check_settings(load_config(config), acted=True)
    with pytest.raises(ConfigError, match="tracker='wandbb': there is none of this name; choose tensorboard"):
        load_config('quickstart/ce_digits', ['tracker=wandbb'])
