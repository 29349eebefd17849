"""record.json: what a run was started with, and what a resumed one has changed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cft.apis.running.data_digest import digest_data
from cft.apis.running.git_state import git_state
from cft.apis.running.record_differences import compare_starts
from tests.support.digits_runs import run, short_config


def starts(work_dir: Path) -> list[dict]:
    return json.loads((work_dir / 'record.json').read_text())['starts']


def log_of(work_dir: Path) -> str:
    return '\n'.join(path.read_text() for path in sorted(work_dir.rglob('*.log')))


@pytest.fixture(scope='module')
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and one that resumes it unchanged, in one work dir."""
    work_dir = tmp_path_factory.mktemp('work')
    run('ce', work_dir, iterations=4)
    run('ce', work_dir, iterations=4, resume_from=work_dir / 'iter_2.pth')
    return work_dir


def test_one_entry_for_each_start(runs: Path) -> None:
    first, second = starts(runs)
    assert (first['resumes'], second['resumes']) == (False, True)
    assert first['command'] == sys.argv and first['seed'] == 0 and first['processes'] == 1
    assert {'python', 'torch', 'cuda', 'cudnn', 'mmengine', 'mmpretrain', 'numpy', 'cft'} <= first['versions'].keys()
    assert first['versions']['python'] == sys.version.split()[0]
    assert list(runs.glob('record*')) == [runs / 'record.json']


def test_nothing_private(runs: Path) -> None:
    """No dump of the environment, in which tokens lie."""
    text = (runs / 'record.json').read_text()
    assert 'PATH' not in text and 'environ' not in text


def test_config_is_complete(runs: Path) -> None:
    """As the runner has it: overrides and what build_runner filled in."""
    config = starts(runs)[0]['config']
    assert config['train_cfg']['max_iters'] == 4
    assert config['train_cfg']['type'].startswith('cft.Resumable')
    dumped = (runs / 'ce_digits.py').read_text()
    assert config['train_cfg']['type'] in dumped


def test_data_are_those_trained_on(runs: Path) -> None:
    from mmengine.registry import DefaultScope

    from cft.registry import DATASETS

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        dataset = DATASETS.build(short_config('ce', runs).train_dataloader.dataset)
    assert starts(runs)[0]['data'] == digest_data(dataset)


def test_unchanged_resume_warns_of_nothing(runs: Path) -> None:
    assert 'started differently' not in log_of(runs)


def test_changed_resume_is_told(tmp_path: Path) -> None:
    """Other data and another learning rate, but not another interval of log lines."""
    run('ce', tmp_path, iterations=2)
    changed = {'optim_wrapper__optimizer__lr': 0.003, 'train_dataloader__dataset__seed': 7}
    changed['default_hooks__logger__interval'] = 2
    run('ce', tmp_path, iterations=2, resume_from=tmp_path / 'iter_1.pth', **changed)
    log = log_of(tmp_path)
    (line,) = [line for line in log.splitlines() if 'started differently' in line]
    assert 'optim_wrapper.optimizer.lr was 0.025, is 0.003' in line and 'training data was' in line
    assert 'interval' not in line


def test_broken_record_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / 'record.json').write_text('{"starts": [')
    run('ce', tmp_path, iterations=1)
    assert len(starts(tmp_path)) == 1
    assert (tmp_path / 'record.unreadable.json').read_text() == '{"starts": ['


def test_differences_in_words() -> None:
    before = {'seed': 0, 'versions': {'torch': '2.10'}, 'data': {'digest': 'a'}, 'config': {'a': {'b': [1, 2]}}}
    now = {'seed': 0, 'versions': {'torch': '2.11'}, 'data': {'digest': 'a'}, 'config': {'a': {'b': [1, 3], 'c': 4}}}
    assert compare_starts(before, now) == ['torch was 2.10, is 2.11', 'a.b.1 was 2, is 3', 'a.c was None, is 4']
    assert compare_starts(now, now) == []


def test_many_differences_are_counted() -> None:
    before, now = ({'config': {f'name{index}': value for index in range(20)}} for value in (0, 1))
    found = compare_starts(before, now)
    assert len(found) == 9 and found[-1] == '12 more, see record.json'


def git(folder: Path, *arguments: str) -> None:
    settings = ['-c', 'user.name=a', '-c', 'user.email=a@example.org']
    subprocess.run(['git', '-C', str(folder), *settings, *arguments], check=True, capture_output=True)


def test_git_checkout(tmp_path: Path) -> None:
    """Clean, changed, with a new file; a folder within it is no checkout of its own."""
    git(tmp_path, 'init')
    (tmp_path / 'code.py').write_text('a = 1\n')
    assert git_state(tmp_path)['commit'] is None
    git(tmp_path, 'add', '.')
    git(tmp_path, 'commit', '-m', 'first')
    clean = git_state(tmp_path)
    assert len(clean['commit']) == 40 and clean == {'commit': clean['commit'], 'modified': False}
    (tmp_path / 'code.py').write_text('a = 2\n')
    (tmp_path / 'new.py').touch()
    changed = git_state(tmp_path)
    assert changed['commit'] == clean['commit'] and changed['modified']
    assert 'code.py | 2 +-' in changed['changes'] and '?? new.py' in changed['changes']
    (tmp_path / 'package').mkdir()
    assert git_state(tmp_path / 'package')['reason'].startswith('cft runs from an installed package')


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'not a git repository' in git_state(tmp_path)['reason']
    monkeypatch.setenv('PATH', str(tmp_path))
    assert 'git' in git_state(tmp_path)['reason']
