"""Keys of trackers stay with them; metrics of any kind are written; other repositories do not name the commit."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from cft.apis.completion.completion import _without_workers
from cft.apis.configs.setting_values import check_values
from cft.apis.configs.tracker_keys import NAMES
from cft.apis.running.git_state import git_state
from cft.apis.running.metrics_file import check_metrics_file, write_metrics
from cft.engine.single_values import explained_batches
from cft.errors import ConfigError
from tests.support.digits_runs import run

KEY = 'sesame-open-4711'
given: list[dict] = []


@pytest.fixture
def tracker() -> str:
    """A backend that takes its keys, as those of trackers do."""
    from mmengine.registry import VISBACKENDS as PARENT
    from mmengine.visualization import LocalVisBackend

    @PARENT.register_module(force=True)
    class TrackerForTest(LocalVisBackend):
        def __init__(self, save_dir: str, init_kwargs: dict) -> None:
            super().__init__(save_dir)
            given.append(init_kwargs)

    return 'TrackerForTest'


def test_keys_reach_the_tracker_and_no_file(
    tracker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    given.clear()
    keys = dict.fromkeys(NAMES, KEY)
    backend = dict(type=tracker, init_kwargs=dict(project='flowers', **keys))
    monkeypatch.setattr('sys.argv', ['train', f'visualizer.vis_backends.0.init_kwargs.token={KEY}'])
    run('ce', tmp_path, iterations=1, visualizer__vis_backends=[backend])
    assert given == [dict(project='flowers', **keys)]
    files = [path for path in tmp_path.rglob('*') if path.is_file()]
    assert {'record.json', 'ce_digits.py', 'iter_1.pth', 'config.py'} <= {path.name for path in files}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert KEY not in ''.join(capfd.readouterr())
    record = json.loads((tmp_path / 'record.json').read_text())['starts'][0]
    assert record['command'][1].endswith('token=***')
    assert record['config']['visualizer']['vis_backends'][0]['init_kwargs'] == {'project': 'flowers'}


def test_metrics_of_any_kind(tmp_path: Path) -> None:
    metrics = {
        'confusion_matrix/result': torch.tensor([[3, 0], [1, 2]]),
        'iou': np.array([0.5, 0.25]),
        'top1': np.float32(0.5),
        'per_class': {0: (1, 2), 'names': {'a'}},
        'number': torch.tensor(2.5),
        'none': None,
        'folder': tmp_path,
    }
    write_metrics(tmp_path / 'm.json', metrics)
    assert json.loads((tmp_path / 'm.json').read_text()) == {
        'confusion_matrix/result': [[3, 0], [1, 2]],
        'iou': [0.5, 0.25],
        'top1': 0.5,
        'per_class': {'0': [1, 2], 'names': ['a']},
        'number': 2.5,
        'none': None,
        'folder': str(tmp_path),
    }


def test_where_metrics_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / 'folder.json').mkdir()
    (tmp_path / 'file').touch()
    assert check_metrics_file(tmp_path / 'new' / 'm.json').parent.is_dir()
    for name in ('m.pkl', 'm', 'folder.json', 'file/m.json'):
        with pytest.raises(ConfigError, match=f'--out .*{name}'):
            check_metrics_file(tmp_path / name)


def test_another_repository_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As git sets it while it runs a hook."""
    commits = []
    for name in ('ours', 'theirs'):
        folder = tmp_path / name
        who = ['-c', 'user.name=a', '-c', 'user.email=a@example.org']
        subprocess.run(['git', 'init', '-q', folder], check=True)
        subprocess.run(['git', '-C', folder, *who, 'commit', '-qm', name, '--allow-empty'], check=True)
        commits.append(git_state(folder)['commit'])
    monkeypatch.setenv('GIT_DIR', str(tmp_path / 'theirs' / '.git'))
    monkeypatch.setenv('GIT_WORK_TREE', str(tmp_path / 'theirs'))
    monkeypatch.setenv('GIT_INDEX_FILE', str(tmp_path / 'nowhere'))
    assert git_state(tmp_path / 'ours') == {'commit': commits[0], 'modified': False} and commits[0] != commits[1]


def test_loader_without_workers() -> None:
    settings = dict(persistent_workers=True, prefetch_factor=2, timeout=5)
    cfg = Config(dict(train_dataloader=dict(num_workers=0, **settings), val_dataloader=dict(num_workers=2, **settings)))
    _without_workers(cfg)
    assert cfg.train_dataloader == dict(num_workers=0) and cfg.val_dataloader == dict(num_workers=2, **settings)


def test_one_value_for_each_channel() -> None:
    told = r'the last batch leaves .* \(input \[1, 4, 1, 1\]\).*batch_size.*drop_last'
    with pytest.raises(ConfigError, match=told), explained_batches('the last batch'):
        torch.nn.BatchNorm2d(4)(torch.zeros(1, 4, 1, 1))
    with pytest.raises(ValueError, match='another'), explained_batches():
        raise ValueError('another')


def test_options_of_compile() -> None:
    for options in (None, True, False, dict(backend='eager')):
        check_values(dict(compile=options))
    for options in (3, 'yes', dict(backend='nope')):
        with pytest.raises(ConfigError, match='compile'):
            check_values(dict(compile=options))
