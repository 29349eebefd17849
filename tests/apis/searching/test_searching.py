"""A search reads training and validation images, each in its place, and of the test split nothing; then it goes on."""

import os
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from mmengine import fileio
from mmengine.dataset import BaseDataset
from mmengine.registry import DefaultScope

from cft.apis import load_config, search, train
from cft.apis.searching.searching import SearchResult
from cft.datasets.sample_infos import image_files
from cft.errors import ConfigError
from cft.experiments import read_records
from cft.registry import DATASETS
from cft_cli import main
from tests.support.divided_data import MAKERS, image

pytestmark = pytest.mark.slow

NAMES = ('train', 'val', 'test')
SMALL: dict[str, Any] = {'backbone': 'resnet18', 'image_size': 32, 'epochs': 1, 'batch_size': 4}
OF_TASK: dict[str, tuple[str, dict[str, Any]]] = {
    'folders': ('ce/folder', SMALL),
    'table': ('scl/folder', SMALL),
    'several labels': ('ce/folder_multilabel', SMALL),
    'masks': ('ce/folder_seg', {**SMALL, 'model.decode_head.channels': 8, 'model.auxiliary_head.channels': 8}),
    'boxes': ('ce/folder_det', {**SMALL, 'image_size': 64, 'model.roi_head.bbox_head.fc_out_channels': 16}),
    'own test folder': ('ce/folder', SMALL),
    'domains': ('ce/folder_dg', {'backbone': 'resnet18', 'image_size': 32, 'batch_size': 4, 'test_domain': 'd0'}),
    'subset': ('ce/folder', SMALL),
}


def data_of(kind: str, root: Path) -> dict[str, Any]:
    """The data, and what a config says of them; the test part is held out, or has a place of its own."""
    if kind == 'domains':
        for number in range(48):
            image(root / f'd{number // 16}' / 'ab'[number % 2] / f'{number}.png', number)
        return {'data_root': str(root), 'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1}
    if kind == 'own test folder':
        for split in NAMES[::2]:
            MAKERS['folders'](root / split, 6)
        return {'data_root': str(root)}
    data = MAKERS['folders' if kind == 'subset' else kind](root, 6)
    return {'data_root': str(data.root), 'test_fraction': 0.25}


def settings(kind: str, root: Path) -> tuple[str, dict[str, Any]]:
    config, small = OF_TASK[kind]
    loaders = {f'{split}_dataloader.num_workers': 0 for split in ('train', 'val')}
    return config, {**small, **data_of(kind, root), **loaders}


def subset(config: str, given: dict[str, Any]) -> dict[str, Any]:
    """Two training images of each class; the rest is not used."""
    inner = load_config(config, given).train_dataloader.dataset.to_dict()
    return {'train_dataloader.dataset': {'type': 'cft.StratifiedSubset', 'per_class': 2, 'dataset': inner}}


def files_of(config: str | Path, given: dict[str, Any]) -> dict[str, set[str]]:
    """The image files of each split, as the whole config divides them."""
    cfg = load_config(config, given)
    found = {}
    for split in NAMES:
        dataset = cfg[f'{split}_dataloader'].dataset
        inner = dataset.get('dataset', dataset)
        inner.update(pipeline=[], **({'metainfo': {'classes': ['a', 'b']}} if 'Segmentation' in inner.type else {}))
        if str(given['data_root']).endswith('.csv') and inner.type == 'cft.ImageFolder':
            inner.type = 'cft.LabelTable'
        with DefaultScope.overwrite_default_scope(cfg.default_scope):
            found[split] = {os.path.realpath(path) for path in image_files(DATASETS.build(dataset))}
    return found


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The files that are really read, by the split that asks for them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    now = ['nobody']
    prepare, get = BaseDataset.prepare_data, fileio.get

    def prepared(self: Any, index: int) -> Any:
        now[0] = self.split
        try:
            return prepare(self, index)
        finally:
            now[0] = 'nobody'

    def got(path: Any, *args: Any, **kwargs: Any) -> bytes:
        found[now[0]].add(os.path.realpath(path))
        return get(path, *args, **kwargs)

    monkeypatch.setattr(BaseDataset, 'prepare_data', prepared)
    monkeypatch.setattr(fileio, 'get', got)
    return found


@pytest.mark.parametrize('kind', sorted(OF_TASK))
def test_no_image_is_in_two_places(kind: str, tmp_path: Path, read: dict[str, set[str]]) -> None:
    config, given = settings(kind, tmp_path / 'data')
    if kind == 'subset':
        given |= subset(config, given)
    files = files_of(config, given)
    assert all(files.values()) and not any(
        files[a] & files[b] for a, b in (('train', 'val'), ('train', 'test'), ('val', 'test'))
    )
    for path in files['test']:
        Path(path).write_bytes(b'no image')
        mask = Path(path.replace('/images/', '/masks/'))
        if kind == 'masks':
            assert mask.is_file()
            mask.write_bytes(b'no mask')
    found = search(config, trials=1, folder=tmp_path / 'search', overrides=given, executor='in-process')
    assert [trial.state for trial in found.trials] == ['complete']
    images = set.union(*files.values())
    assert read['train'] & images == files['train'] or kind == 'domains'
    assert read['train'] & images <= files['train'] and read['val'] & images == files['val']
    assert not read['test'] and not read['nobody'] & files['test']
    # The config that comes out has the test split, as it was divided then.
    assert files_of(found.config, {'data_root': given['data_root']})['test'] == files['test']


@pytest.fixture(scope='module')
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], SearchResult]:
    root = tmp_path_factory.mktemp('search')
    config, given = settings('table', root / 'data')
    found = search(config, trials=2, folder=root / 'out', overrides=given, seeds=2, split_seed=3, executor='in-process')
    return root, given, found


def test_the_best_config_is_the_trial(searched: tuple[Path, dict, SearchResult], tmp_path: Path) -> None:
    _, given, found = searched
    cfg = load_config(found.config)
    trial = load_config('scl/folder', {**given, **found.best.overrides})
    for key in ('optim_wrapper', 'model', 'train_cfg', 'recipes'):
        assert cfg[key].to_dict() == trial[key].to_dict()
    assert [cfg[f'{split}_dataloader'].dataset.seed for split in NAMES] == [3, 3, 3]
    said = cfg.chosen_by
    assert (said.split, said.metric, said.trial) == ('validation', 'accuracy/top1', found.best.number)
    assert said['values'] == list(found.best.values) and said.value == pytest.approx(sum(said['values']) / 2)
    assert (said.seeds, said.trials, said.space, said.own_values) == (2, 2, 'scl', found.trials[0].value)
    assert found.config.read_text().startswith('# Chosen on validation images by a search of 2 trials')
    # It is what the first training of the trial was: the same seed, the same figure.
    cfg.work_dir, cfg.experiment_name = str(tmp_path), 'best'
    assert float(train(cfg).message_hub.get_info('best_score')) == pytest.approx(found.best.values[0])


def test_it_goes_on_and_repeats_nothing(
    searched: tuple[Path, dict, SearchResult], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root, given, found = searched
    folder = shutil.copytree(root / 'out', tmp_path / 'out')
    times = {path: path.stat().st_mtime_ns for path in folder.glob('runs/*/run.log')}
    assert len(times) == 4 and not list(folder.glob('runs/*/*.pth'))
    records = read_records(folder)
    assert {(r.labels['trial'], r.labels['draw'], r.seed) for r in records} == {
        (t, d, d) for t in (0, 1) for d in (0, 1)
    }
    by_trial = [[r.metrics['val']['accuracy/top1'] for r in records if r.labels['trial'] == t] for t in (0, 1)]
    assert [list(trial.values) for trial in found.trials] == by_trial
    assert all(record.complete and record.data.keys() == {'train', 'val'} for record in records)
    arguments = [f'{name}={value}' for name, value in given.items()]
    options = ['--seeds', '2', '--split-seed', '3', '--executor', 'in-process', '--work-dir', str(folder)]
    main(['search', 'scl/folder', *arguments, 'trials=3', *options])
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert len(list(folder.glob('runs/*/run.log'))) == 6
    told = capsys.readouterr().out
    assert told.count('(was there)') == 2 and '[3/3] trial 2: ' in told and 'on validation' in told
    rows = told[told.index('trial  accuracy/top1') :].splitlines()[1:4]
    assert sorted(row.split()[0] for row in rows) == ['0', '1', '2']
    with pytest.raises(ConfigError, match='holds another search; it differs in overrides'):
        search('scl/folder', trials=3, folder=folder, overrides={**given, 'epochs': 2}, seeds=2, split_seed=3)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'trials': 0}, 'trials must be at least 1'),
        ({'pruner': 'best'}, 'none of median, hyperband, none'),
        ({'overrides': {'test_dataloader.batch_size': 3}}, 'a search leaves the test split out'),
        ({'overrides': {f'val_{part}': None for part in ('dataloader', 'cfg', 'evaluator')}}, 'no validation split'),
        ({'metric': None}, 'names no metric to choose by .*metric=accuracy/top1'),
        ({'metric': 'acc', 'overrides': {'train_cfg.max_iters': 1}}, 'completed:.*trial 0: .*gives accuracy/top1'),
        ({'overrides': {'checkpoint': 'nowhere.pth'}}, 'nowhere.pth'),
    ],
)  # fmt: skip
def test_mistakes_are_told(options: dict, message: str, tmp_path: Path) -> None:
    given = {'metric': 'accuracy/top1', 'trials': 1, **options}
    with pytest.raises(ConfigError, match=f'(?s){message}'):
        search('quickstart/ce_digits', folder=tmp_path, executor='in-process', **given)
