"""find_config and list_configs: names from any directory, and what a wrong one is told."""

from pathlib import Path

import pytest

from cft.apis.configs import catalogue
from cft.apis.configs.catalogue import find_config, list_configs
from cft.errors import ConfigError

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize('before', ['', 'configs/', './configs/', './'])
@pytest.mark.parametrize('behind', ['', '.py'])
def test_names(before: str, behind: str) -> None:
    found = find_config(f'{before}coretuning/r50_folder{behind}')
    assert found == CONFIGS / 'coretuning' / 'r50_folder.py' and found.is_absolute()


def test_a_file_wins_over_a_name(tmp_path: Path) -> None:
    own = tmp_path / 'configs' / 'ce' / 'r50_folder.py'
    own.parent.mkdir(parents=True)
    own.write_text('')
    assert find_config('configs/ce/r50_folder.py').resolve() == own
    assert find_config('ce/r50_folder') == CONFIGS / 'ce' / 'r50_folder.py'
    assert find_config(own) == own


def test_home_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', str(tmp_path))
    (tmp_path / 'mine.py').write_text('')
    assert find_config('~/mine.py') == tmp_path / 'mine.py'


def test_folder_of_a_run(tmp_path: Path) -> None:
    """Its one config, unless the folder is called like a config that comes with cft."""
    run = tmp_path / 'run'
    run.mkdir()
    with pytest.raises(ConfigError, match='run is a folder with no config'):
        find_config(run)
    (run / 'r50_folder.py').write_text('')
    (run / 'epoch_1.pth').write_text('')
    assert find_config(run) == run / 'r50_folder.py'
    (run / 'other.py').write_text('')
    with pytest.raises(ConfigError, match='several configs; name one of other.py, r50_folder.py'):
        find_config('run')
    named = tmp_path / 'ce' / 'r50_folder'
    named.mkdir(parents=True)
    (named / 'mine.py').write_text('')
    assert find_config('ce/r50_folder') == CONFIGS / 'ce' / 'r50_folder.py'


@pytest.mark.parametrize('wrong', ['coretunning/r50_folder', 'configs/coretunning/r50_folder.py'])
def test_misspelt_name(wrong: str) -> None:
    with pytest.raises(ConfigError, match=f'^no config {wrong}; did you mean coretuning/r50_folder[,?]'):
        find_config(wrong)


def test_misspelt_file(tmp_path: Path) -> None:
    (tmp_path / 'flowers_long.py').write_text('')
    with pytest.raises(ConfigError, match=r'no config .*did you mean .*flowers_long\.py\?'):
        find_config(tmp_path / 'flower_long.py')


@pytest.mark.parametrize('wrong', ['qqqqqqq', '_base_/default_runtime', '/nowhere/qqqqqqq.py'])
def test_nothing_near(wrong: str) -> None:
    with pytest.raises(ConfigError, match=f'^no config {wrong}; give a file, or a name that `cft configs` lists$'):
        find_config(wrong)


def test_every_config_is_listed_and_found() -> None:
    """The list is the tree without _base_; the oracle walks it another way."""
    files = {file for folder in CONFIGS.iterdir() if folder.name != '_base_' for file in folder.glob('*.py')}
    names = list_configs()
    assert {find_config(name) for name in names} == files and names == sorted(set(names))


def test_patterns() -> None:
    assert list_configs('quickstart/*_digits') == [
        name for name in list_configs() if name.startswith('quickstart/') and name.endswith('_digits')
    ]
    assert list_configs('voc_seg') == [name for name in list_configs() if 'voc_seg' in name] != []
    assert list_configs('r50_folder*') == [] and list_configs('nothing') == []


def test_a_wheel_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs = tmp_path / '.mim' / 'configs'
    (configs / 'mine').mkdir(parents=True)
    (configs / 'mine' / 'r50.py').write_text('')
    monkeypatch.setattr(catalogue, 'CONFIGS', configs)
    assert list_configs() == ['mine/r50'] and find_config('mine/r50') == configs / 'mine' / 'r50.py'
