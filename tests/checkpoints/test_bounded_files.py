"""Files whose content does not end, or unpacks to far more than the file: refused at once."""

import pickle
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from cft.checkpoints import describe_checkpoint, read_checkpoint
from cft.errors import ConfigError

WEIGHTS = {'w': np.ones(2)}
FORMATS: dict[str, Callable[[object, Path], object]] = {
    'zip': torch.save,
    'legacy': lambda content, path: torch.save(content, path, _use_new_zipfile_serialization=False),
    'pickle': lambda content, path: path.write_bytes(pickle.dumps(content)),
}


def circle() -> dict:
    content: dict = {}
    content['state_dict'] = content
    return content


def circle_through_a_list() -> dict:
    inner: list = [1]
    inner.append((inner,))
    return {'state_dict': WEIGHTS, 'meta': inner}


def doubled(pair: Callable[[object], object]) -> dict:
    value: object = 1
    for _ in range(60):
        value = pair(value)
    return {'state_dict': WEIGHTS, 'optimizer': value}


def deep() -> dict:
    value: list = []
    for _ in range(150):
        value = [value]
    return {'state_dict': WEIGHTS, 'meta': value}


@pytest.mark.parametrize('save', FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (circle(), 'it contains itself'),
        (circle_through_a_list(), 'it contains itself'),
        (doubled(lambda value: [value, value]), 'its parts refer to each other'),
        (doubled(lambda value: (value, value)), 'its parts refer to each other'),
        (doubled(lambda value: {'a': value, 'b': value}), 'its parts refer to each other'),
        (deep(), 'it is nested more than 100 levels deep'),
    ],
    ids=['circle', 'circle in a list', 'shared lists', 'shared tuples', 'shared dicts', 'deep'],
)
def test_content_without_an_end(tmp_path: Path, save: Callable, content: object, message: str) -> None:
    save(content, tmp_path / 'file.pth')
    begin = time.process_time()
    with pytest.raises(ConfigError, match=message):
        describe_checkpoint(tmp_path / 'file.pth')
    assert time.process_time() - begin < 5


def test_what_is_shared_without_harm_stays(tmp_path: Path) -> None:
    shared = [1, 2]
    torch.save({'state_dict': {'w': torch.ones(2)}, 'a': shared, 'b': (shared, shared)}, tmp_path / 'file.pth')
    assert read_checkpoint(tmp_path / 'file.pth')['b'] == ([1, 2], [1, 2])


def test_archives_that_unpack_to_far_more(tmp_path: Path) -> None:
    plain, packed = tmp_path / 'plain.pth', tmp_path / 'packed.pth'
    torch.save({'state_dict': {'w': torch.zeros(25_000_000)}}, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    np.savez_compressed(tmp_path / 'packed.npz', w=np.zeros(12_500_000))
    assert read_checkpoint(plain)['state_dict']['w'].shape == (25_000_000,)
    for path in (packed, tmp_path / 'packed.npz'):
        with pytest.raises(ConfigError, match=r'its 0\.1 MB would unpack to 0\.1 GB'):
            read_checkpoint(path)


def test_compressed_weights_are_read(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / 'file.npz', w=np.random.default_rng(0).standard_normal(1000))
    assert read_checkpoint(tmp_path / 'file.npz')['w'].shape == (1000,)


@pytest.mark.parametrize(
    ('tensor', 'message'),
    [
        (torch.ones(1).expand(10**12), 'repeats 4 bytes'),
        (torch.ones(3, device='meta'), 'has no numbers'),
    ],
)
def test_tensors_without_numbers_of_their_own(tmp_path: Path, tensor: torch.Tensor, message: str) -> None:
    torch.save({'state_dict': {'w': tensor}}, tmp_path / 'file.pth')
    with pytest.raises(ConfigError, match=message):
        read_checkpoint(tmp_path / 'file.pth')


def test_room_for_objects_that_are_not_there(tmp_path: Path) -> None:
    """An instruction of six bytes for which the unpickler in C would fill 16 GB."""
    (tmp_path / 'file.pkl').write_bytes(b'\x80\x04K\x01r\xff\xff\xff\x7f.')
    assert read_checkpoint(tmp_path / 'file.pkl') == 1
