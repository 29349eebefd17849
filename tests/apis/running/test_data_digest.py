"""digest_data: what changes it and what does not."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import BaseDataset
from torch.utils.data import IterableDataset

from cft.apis.running.data_digest import digest_data
from cft.datasets import Digits, ImageFolder, StratifiedSubset
from tests.support.image_folders import fill


def of(root: Path, **options: object) -> dict:
    return digest_data(ImageFolder(str(root), pipeline=[], **options))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return fill(tmp_path / 'images')


@pytest.mark.slow
def test_same_elsewhere_and_in_another_process(root: Path, tmp_path: Path) -> None:
    """Neither the place of the data nor the seed of Python's hashes matters."""
    shutil.copytree(root, tmp_path / 'moved' / 'images')
    code = (
        'import sys; from cft.apis.running.data_digest import digest_data; from cft.datasets import ImageFolder; '
        "print(digest_data(ImageFolder(sys.argv[1], pipeline=[]))['digest'])"
    )
    command = [sys.executable, '-c', code, str(tmp_path / 'moved' / 'images') + '/']
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[3])
    assert done.stdout.split()[-1] == of(root)['digest'] == of(root, serialize_data=False)['digest']


def test_what_changes_it(root: Path) -> None:
    seen = [of(root)['digest'], of(root, split='val')['digest'], of(root, seed=1)['digest']]
    image = root / 'a' / '0.png'
    whole = image.read_bytes()
    image.write_bytes(whole + b'\0')
    seen.append(of(root)['digest'])
    image.write_bytes(whole)
    image.rename(root / 'a' / 'renamed.png')
    seen.append(of(root)['digest'])
    (root / 'a' / 'renamed.png').rename(root / 'b' / '0.png')
    seen.append(of(root)['digest'])
    assert len(set(seen)) == len(seen)


def test_what_it_says(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = of(root)
    assert small['samples'] == 18 and len(small['digest']) == 32
    assert small['covers'] == 'annotations, file names, file sizes'
    monkeypatch.setattr('cft.apis.running.data_digest.SIZES_UP_TO', 17)
    large = of(root)
    assert large['covers'] == 'annotations, file names' and large['digest'] != small['digest']


def test_pixels_in_memory() -> None:
    train, test = (Digits(split=split, pipeline=[]) for split in ('train', 'test'))
    assert digest_data(train)['covers'] == 'annotations, pixels in memory'
    assert digest_data(train)['digest'] != digest_data(test)['digest']
    changed = Digits(split='train', pipeline=[], serialize_data=False)
    assert digest_data(changed)['digest'] == digest_data(train)['digest']
    changed.data_list[5]['img'] = changed.data_list[5]['img'].copy()
    changed.data_list[5]['img'][3, 3] += 1
    assert digest_data(changed)['digest'] != digest_data(train)['digest']


def test_samples_in_use_count() -> None:
    digits = dict(type='cft.Digits', pipeline=[])
    first, same, other = (digest_data(StratifiedSubset(digits, per_class=3, seed=seed))['digest'] for seed in (0, 0, 1))
    assert first == same != other


class Boxes(BaseDataset):
    def __init__(self, box: list[float]) -> None:
        self.box = box
        super().__init__(serialize_data=True)

    def load_data_list(self) -> list[dict]:
        shared = 'same object'
        instance = {
            'bbox': self.box,
            'mask': [[0.5, 1.5], [2.5]],
            'label': np.int64(3),
            'name': shared,
            'again': shared,
        }
        return [{'img_path': 'nowhere.jpg', 'instances': [instance], 'none': None}]


def test_nested_annotations() -> None:
    digests = [digest_data(Boxes(box))['digest'] for box in ([1.0, 2.0], [1.0, 2.0], [1.0, 2.5])]
    assert digests[0] == digests[1] != digests[2]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(())


def test_stream_has_none() -> None:
    assert digest_data(Stream())['digest'] is None
