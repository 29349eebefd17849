"""Files of data that run code where everything is allowed, through every way in which data and configs are read."""

import contextlib
import inspect
import json
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mmdet.datasets import CocoDataset, CrowdHumanDataset
from mmdet.registry import DATASETS as MMDET_DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.fileio import dump, load
from mmengine.fileio.handlers import PickleHandler, YamlHandler
from mmpretrain.datasets import CustomDataset

import cft
from cft.apis import load_config
from cft.datasets import CIFAR10
from cft.datasets.coco_detection import CocoDetection
from cft.datasets.voc_detection import VOCDetection
from cft.errors import ConfigError
from tests.support.hostile_pickles import PAYLOADS, Call, shell, wait_for

YAML = {
    'call': '!!python/object/apply:os.system ["touch {}"]',
    'in a list': 'images: [1, [!!python/object/apply:os.system ["touch {}"]]]',
    'process': 'a: !!python/object/apply:subprocess.check_call [["touch", "{}"]]',
    'key': '? !!python/object/apply:os.system ["touch {}"]\n: 1',
    'state': "a: !!python/object/apply:eval [\"open('{}', 'w')\"]",
}
COCO = {
    'images': [{'id': 1, 'file_name': 'a.jpg', 'width': 20, 'height': 16}],
    'annotations': [{'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [1, 1, 9, 9], 'area': 81, 'iscrowd': 0}],
    'categories': [{'id': 1, 'name': 'cat'}],
}
PICKLED = ('pkl', 'pickle', 'json', 'txt', 'npy')


def write_hostile(folder: Path, target: Path) -> list[Path]:
    """Pickles, alone and in place of annotations, under every suffix; arrays of objects; YAML."""
    files = []
    for payload in PAYLOADS:
        for kind, content in {'alone': payload(target), 'images': COCO | {'images': [payload(target)]}}.items():
            for suffix in PICKLED:
                files.append(folder / f'{payload.__name__}_{kind}.{suffix}')
                files[-1].write_bytes(pickle.dumps(content))
    files.append(folder / 'objects.npy')
    np.save(files[-1], np.array([shell(target)], dtype=object), allow_pickle=True)
    for name, text in YAML.items():
        for suffix in ('yaml', 'yml', 'json', 'txt'):
            files.append(folder / f'{name}.{suffix}')
            files[-1].write_text(text.format(target))
    return files


def read_proposals(path: Path) -> object:
    good = path.parent / 'good' / 'coco.json'
    good.parent.mkdir(exist_ok=True)
    good.write_text(json.dumps(COCO))
    return CocoDataset(ann_file=str(good), metainfo={'classes': ('cat',)}, pipeline=[], proposal_file=str(path))


def read_based(path: Path) -> object:
    config = path.with_name('based.py')
    config.write_text(f'_base_ = [{str(path)!r}]\n')
    return load_config(config)


def read_cifar(path: Path) -> object:
    folder = path.parent / 'cifar-10-batches-py'
    folder.mkdir(exist_ok=True)
    for name in ('batches.meta', 'test_batch', *(f'data_batch_{number}' for number in range(1, 6))):
        (folder / name).write_bytes(path.read_bytes())
    return CIFAR10(str(path.parent), download=False)


READERS: dict[str, Callable[[Path], object]] = {
    'fileio.load': lambda path: load(str(path)),
    'fileio.load as pickle': lambda path: load(str(path), file_format='pkl'),
    'fileio.load as YAML': lambda path: load(str(path), file_format='yaml'),
    'CocoDetection': lambda path: CocoDetection(ann_file=str(path), metainfo={'classes': ('cat',)}, pipeline=[]),
    'VOCDetection': lambda path: VOCDetection(ann_file=str(path), data_prefix={'sub_data_root': ''}, pipeline=[]),
    'BaseDataset': lambda path: BaseDataset(ann_file=str(path)),
    'CustomDataset': lambda path: CustomDataset(data_root=str(path.parent), ann_file=str(path)),
    'classes': lambda path: CustomDataset(data_root=str(path.parent), ann_file=str(path), classes=str(path)),
    'CIFAR10': read_cifar,
    'proposals': read_proposals,
    'RefCOCO': lambda path: MMDET_DATASETS.get('RefCocoDataset')(
        data_root=str(path.parent), ann_file=path.name, split_file=path.name, data_prefix={'img_path': ''}
    ),
    'CrowdHuman': lambda path: CrowdHumanDataset(
        ann_file=str(path), data_root=str(path.parent), data_prefix={'img': ''}, extra_ann_file=str(path)
    ),
    'config': load_config,
    'base of a config': read_based,
    'Config': lambda path: Config.fromfile(str(path)),
}


@pytest.mark.parametrize('reader', READERS)
def test_nothing_runs(tmp_path: Path, reader: str) -> None:
    """Neither at once nor in a process that is left behind; an error, or plain values."""
    target = tmp_path / 'ran'
    refused = sum(not is_read(READERS[reader], path) for path in write_hostile(tmp_path, target))
    assert refused > 60 or reader in ('CustomDataset', 'classes')
    time.sleep(0.1)
    assert not target.exists()


def is_read(reader: Callable[[Path], object], path: Path) -> bool:
    try:
        reader(path)
    except Exception:
        return False
    return True


def test_the_files_do_run_where_everything_is_allowed(tmp_path: Path) -> None:
    """As MMEngine's own handlers read them."""
    target = tmp_path / 'ran'
    for path in write_hostile(tmp_path, target):
        if path.suffix in ('.pkl', '.pickle', '.yaml', '.yml'):
            handler = PickleHandler() if path.suffix.startswith('.p') else YamlHandler()
            with path.open('rb') as file, contextlib.suppress(TypeError):
                # A mapping with a list as its key.
                handler.load_from_fileobj(file)
            assert wait_for(target), path
            target.unlink()


@pytest.mark.parametrize('name', ['a.pkl', 'a.yaml'])
def test_the_error_names_file_and_remedy(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = pickle.dumps(shell(tmp_path)) if name == 'a.pkl' else YAML['call'].format(tmp_path).encode()
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf'^{path} is no (pickle|YAML) of plain values .*system.*write plain values'):
        BaseDataset(ann_file=str(path))
    path.write_bytes(b'\x80\x04[')
    with pytest.raises((ConfigError, UnicodeDecodeError)) as caught:
        BaseDataset(ann_file=str(path))
    assert str(path) in str(caught.value) or name == 'a.yaml'


@pytest.mark.parametrize(
    'value',
    [
        COCO,
        {'boxes': np.arange(8.0).reshape(2, 4), 'names': ['a'], 'none': None, 'pair': (1, 2.5)},
        [True, 'ä', b'\x00'],
    ],
)
def test_plain_pickles_are_read(tmp_path: Path, value: object) -> None:
    for protocol in range(6):
        (tmp_path / 'a.pkl').write_bytes(pickle.dumps(value, protocol))
        np.testing.assert_equal(load(tmp_path / 'a.pkl'), value)


def test_plain_yaml_is_read(tmp_path: Path) -> None:
    """What MMEngine writes itself, tuples among them, and what JSON has no sign for."""
    value = {'a': [1, 2.5, None, True, 'text'], 'b': {'c': (1, (2, 3))}}
    dump(value, tmp_path / 'a.yaml')
    assert load(tmp_path / 'a.yaml') == value
    Config({'model': {'scale': (2, 3)}}).dump(tmp_path / 'b.yaml')
    assert Config.fromfile(tmp_path / 'b.yaml').model.scale == (2, 3)


CALL = {'model': {'type': 'subprocess.Popen', 'args': 'touch {}', 'shell': True}}


@pytest.mark.parametrize('suffix', ['json', 'yaml', 'yml'])
def test_configs_of_data_are_refused(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their types and imports name any function: nothing is looked up; the error holds the remedy, which works."""
    path, mark = tmp_path / f'a.{suffix}', tmp_path / 'imported'
    (tmp_path / 'evil.py').write_text(f'open({str(mark)!r}, "w").close()\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    dump({**CALL, 'custom_imports': {'imports': ['evil']}}, path)
    for config in (path, tmp_path / 'b.py'):
        (tmp_path / 'b.py').write_text(f'_base_ = ["./{path.name}"]\n')
        with pytest.raises(
            ConfigError, match=rf'{path}: \.{suffix} files hold data, and a config is a program'
        ) as caught:
            load_config(config)
        assert '\n' not in str(caught.value)
    assert not mark.exists()
    dump({'model': {'type': 'ResNet'}}, path)
    exec(str(caught.value).partition('python -c ')[2].strip('"'), {})
    assert load_config(path.with_suffix('.py')).model.type == 'ResNet'


def test_no_file_of_data_is_unpickled_in_the_project() -> None:
    """Every place that could run what a file says, each looked at: a new one is a decision."""
    root = Path(inspect.getfile(cft)).parent
    places = (
        'pickle.load(', 'pickle.loads(', 'allow_pickle=True', 'weights_only=False', 'yaml.load(', 'fileio import load',
    )  # fmt: skip
    found = {
        (str(path.relative_to(root)), place)
        for path in [*root.rglob('*.py')]
        for place in places
        if place in path.read_text()
    }
    assert found == {
        # With CFT_TRUST_CHECKPOINTS=1.
        ('checkpoints/read.py', 'pickle.load('),
        ('checkpoints/read.py', 'weights_only=False'),
        # What MMEngine's data set has pickled in this process.
        ('datasets/sample_infos.py', 'pickle.loads('),
        # With the loader of plain values; MMEngine's function is known by its code.
        ('compat/file_handlers.py', 'yaml.load('),
        ('compat/file_handlers.py', 'fileio import load'),
        # With the same loader, in C where there is one.
        ('apis/tables/reading.py', 'yaml.load('),
    }


def test_a_call_pickles_as_itself() -> None:
    assert pickle.loads(pickle.dumps(Call(len, 'four'))) == 4
