"""read_checkpoint: the kinds of files, all that is in them, and the way to trust a file."""

import pickle
from argparse import Namespace
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from safetensors.torch import save_file

from cft.checkpoints import find_named_tensors, read_checkpoint, read_state_dict
from cft.errors import ConfigError
from tests.support.hostile_pickles import PAYLOADS, Call, shell, wait_for

TENSORS = {'conv.weight': torch.arange(6.0).view(2, 3), 'bn.num_batches_tracked': torch.tensor(7)}
ARRAYS = [
    np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6, dtype='>i2').reshape(2, 3)), np.array(3),
    np.zeros((0, 4), np.float32), np.array([True, False]), np.array(['a', 'bcd']), np.array([1 + 2j], np.complex64),
    np.arange(4, dtype=np.float16)[::2],
]  # fmt: skip


def assert_tensors(found: dict, expected: dict = TENSORS) -> None:
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], value) and found[name].dtype == value.dtype for name, value in expected.items())


@pytest.mark.parametrize('name', ['model.safetensors', 'model.pth'])
def test_safetensors(tmp_path: Path, name: str) -> None:
    """Told by the content, whatever the file is called."""
    save_file(dict(sorted(TENSORS.items())), tmp_path / name, metadata={'format': 'pt'})
    found = read_state_dict(tmp_path / name)
    assert_tensors({name: found[name] for name in TENSORS})
    assert len(found) == len(TENSORS)


def test_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / 'model.npz', **{name: value.numpy() for name, value in TENSORS.items()})
    assert_tensors(read_state_dict(tmp_path / 'model.npz'))


def test_npz_of_objects_is_refused(tmp_path: Path) -> None:
    """Such an array is a pickle, which could run code."""
    np.savez(tmp_path / 'model.npz', weight=np.array([shell(tmp_path / 'sentinel')], dtype=object))
    with pytest.raises(ConfigError, match=r'cannot read .*model\.npz'):
        read_checkpoint(tmp_path / 'model.npz')
    assert not (tmp_path / 'sentinel').exists()


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickle(tmp_path: Path, protocol: int) -> None:
    """Containers and NumPy arrays come back; arrays of numbers under a usual name are the tensors."""
    content = {
        'model': OrderedDict((name, value.numpy()) for name, value in TENSORS.items()),
        'arrays': ARRAYS, 'author': ('MOCO', b'bytes', 1.5, None), 'number': np.float32(2.5), 'set': [{1: 2}],
    }  # fmt: skip
    (tmp_path / 'moco.pkl').write_bytes(pickle.dumps(content, protocol=protocol))
    found = read_checkpoint(tmp_path / 'moco.pkl')
    assert_arrays(found['arrays'])
    assert found['author'] == content['author']
    assert found['number'] == 2.5
    assert_tensors(read_state_dict(tmp_path / 'moco.pkl'))


def assert_arrays(found: list[np.ndarray]) -> None:
    for array, expected in zip(found, ARRAYS, strict=True):
        assert type(array) is np.ndarray
        assert array.flags.writeable
        np.testing.assert_array_equal(array, expected, strict=True)


@pytest.mark.parametrize('zipped', [True, False])
def test_arrays_in_a_torch_file(tmp_path: Path, zipped: bool) -> None:
    """With all that a resumed run needs: numbers, arrays and MMEngine's log histories."""
    history = HistoryBuffer([1.0, 2.0, 4.0], [1, 1, 2], max_length=50)
    content = {
        'state_dict': TENSORS,
        'arrays': ARRAYS,
        'best': np.float64(0.75),
        'hub': {'log_scalars': {'a': history}},
    }
    torch.save(content, tmp_path / 'file.pth', _use_new_zipfile_serialization=zipped)
    found = read_checkpoint(tmp_path / 'file.pth')
    assert_tensors(found['state_dict'])
    assert_arrays(found['arrays'])
    assert found['best'] == 0.75
    assert isinstance(found['best'], np.float64)
    loaded = found['hub']['log_scalars']['a']
    assert type(loaded) is HistoryBuffer
    assert (loaded.mean(), loaded.max(), loaded.max_length) == (history.mean(), 4.0, 50)
    loaded.update(8.0, 1)
    assert loaded.current() == 8.0


@pytest.mark.parametrize('protocol', [2, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize(
    'array', [np.array([1, None], dtype=object), np.zeros(2, [('a', 'f4'), ('b', 'O')]), np.zeros(2, 'V8')]
)
def test_arrays_of_objects_are_refused(tmp_path: Path, array: np.ndarray, protocol: int) -> None:
    (tmp_path / 'file.pkl').write_bytes(pickle.dumps({'model': array}, protocol=protocol))
    with pytest.raises(ConfigError, match=r'cannot read .*NumPy array'):
        read_checkpoint(tmp_path / 'file.pkl')


def test_array_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    """A shape that does not go with the bytes would read memory beyond them."""
    good = pickle.dumps(np.arange(4, dtype=np.int32), protocol=2)
    wrong = good.replace(b'K\x04\x85', b'K\x7f\x85')
    assert wrong != good
    (tmp_path / 'file.pkl').write_bytes(wrong)
    with pytest.raises(ConfigError, match=r'shape \(127,\) in 16 bytes'):
        read_checkpoint(tmp_path / 'file.pkl')


def test_objects_of_training_frameworks_do_not_hinder(tmp_path: Path) -> None:
    """Options, paths and settings beside the weights: dicts come back, other objects as an inert one."""
    beside = {
        'args': Namespace(lr=0.1), 'path': PurePosixPath('a'), 'cfg': ConfigDict(a=1, b=dict(c=2)),
        'count': defaultdict(int, {'a': 1}), 'type': dict,
    }  # fmt: skip
    torch.save({'state_dict': TENSORS, **beside}, tmp_path / 'last.ckpt')
    found = read_checkpoint(tmp_path / 'last.ckpt')
    assert_tensors(found['state_dict'])
    assert set(found) == {'state_dict', *beside}
    assert found['count'] == {'a': 1}
    assert repr(found['args']) == '<not read>'


@pytest.mark.parametrize('payload', PAYLOADS)
def test_plain_pickle_runs_nothing(tmp_path: Path, payload: Callable[[Path], Call]) -> None:
    """In any protocol; the message names what the file asked for and the way to allow it."""
    target, path = tmp_path / 'sentinel', tmp_path / 'file.pkl'
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps({'model': {'a': np.ones(1)}, 'x': payload(target)}, protocol=protocol))
        with pytest.raises(ConfigError, match=r'refers to \S+, which is refused.*CFT_TRUST_CHECKPOINTS=1'):
            read_checkpoint(path)
    assert not target.exists()


@pytest.mark.parametrize('kind', ['torch', 'pickle'])
def test_trust_by_argument_and_by_environment(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented way to read files of one's own: only when asked for, and the argument has the last word."""
    target, path = tmp_path / 'sentinel', tmp_path / 'file.pth'
    content = {'state_dict': TENSORS, 'x': shell(target)}
    if kind == 'torch':
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))

    def runs(**options: bool) -> bool:
        target.unlink(missing_ok=True)
        try:
            assert_tensors(find_named_tensors(read_checkpoint(path, **options), path).tensors)
        except ConfigError as error:
            assert 'posix.system' in str(error) or kind == 'pickle'
            return False
        return wait_for(target)

    assert not runs()
    assert runs(trusted=True)
    monkeypatch.setenv('CFT_TRUST_CHECKPOINTS', '1')
    assert runs()
    assert not runs(trusted=False)
    monkeypatch.setenv('CFT_TRUST_CHECKPOINTS', '0')
    assert not runs()


@pytest.mark.parametrize('name', ['model.ckpt.index', 'model.ckpt.data-00000-of-00001', 'weights.h5'])
def test_tensorflow_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'\x89HDF\r\n\x1a\n' if name.endswith('h5') else b'\x00\x00')
    with pytest.raises(ConfigError, match='TensorFlow'):
        read_checkpoint(tmp_path / name)


def test_only_an_optimizer(tmp_path: Path) -> None:
    torch.save({'optimizer': {'state': {0: torch.ones(1)}}, 'epoch': 3}, tmp_path / 'file.pth')
    with pytest.raises(ConfigError, match=r"no named tensors; its keys are \['epoch', 'optimizer'\]"):
        read_state_dict(tmp_path / 'file.pth')
