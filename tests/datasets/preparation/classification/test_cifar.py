"""CIFAR: the sums of MMPreTrain's reader, compared before anything is unpickled."""

import hashlib
import pickle
from pathlib import Path

import pytest
from mmpretrain.datasets import CIFAR10, CIFAR100
from rich.console import Console

from cft.datasets.preparation.classification.cifar import Cifar, prepare_cifar, published_cifar
from cft.datasets.preparation.classification.image_sets import Part
from cft.errors import ConfigError
from tests.support import miniature

FILES = {
    name: pickle.dumps({'data': [], 'labels': [], 'name': name})
    for name in ('data_batch_1', 'data_batch_2', 'test_batch')
}


def sums(*names: str) -> dict[str, str]:
    return {name: hashlib.md5(FILES[name], usedforsecurity=False).hexdigest() for name in names}


MINI = Cifar(
    Part('cifar-10-batches-py', 'cifar-10-python.tar.gz', marker='test_batch'),
    {'train': sums('data_batch_1', 'data_batch_2'), 'test': sums('test_batch')},
)


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    files = {f'cifar-10-batches-py/{name}': content for name, content in FILES.items()}
    miniature.write_tar(tmp_path / 'downloads/cifar-10-python.tar.gz', files, 'w:gz')
    return tmp_path / 'downloads'


def test_published_sums_are_those_of_the_reader() -> None:
    for name, reader in (('cifar10', CIFAR10), ('cifar100', CIFAR100)):
        published = published_cifar(name)
        assert published.part.place == reader.base_folder and published.part.archive == reader.filename
        assert published.part.md5 == reader.tgz_md5
        listed = {file: md5 for files in published.sums.values() for file, md5 in files.items()}
        assert listed == dict([*reader.train_list, *reader.test_list])


def test_archive_and_folder(downloads: Path, tmp_path: Path, console: Console) -> None:
    prepare_cifar('cifar10', downloads, tmp_path / 'cifar10', console, MINI)
    prepare_cifar('cifar10', tmp_path / 'cifar10', tmp_path / 'linked', console, MINI)
    for root in ('cifar10', 'linked'):
        assert miniature.contents(tmp_path / root / 'cifar-10-batches-py') == FILES
        prepare_cifar('cifar10', None, tmp_path / root, console, MINI)
    assert (tmp_path / 'linked/cifar-10-batches-py').is_symlink()


def test_damaged_and_missing_files(downloads: Path, tmp_path: Path, console: Console) -> None:
    root = tmp_path / 'cifar10'
    prepare_cifar('cifar10', downloads, root, console, MINI)
    (root / 'cifar-10-batches-py/data_batch_2').write_bytes(FILES['data_batch_2'].replace(b'batch', b'botch'))
    (root / 'cifar-10-batches-py/test_batch').unlink()
    with pytest.raises(ConfigError, match='2 of 2 missing or incomplete: CIFAR-10 train, CIFAR-10 test'):
        prepare_cifar('cifar10', None, root, console, MINI)
    output = console.file.getvalue()
    assert 'data_batch_2 is damaged or another version' in output and '25,000' in output
    assert f'no file {root}/cifar-10-batches-py/test_batch' in output


def test_nothing_is_unpickled(downloads: Path, tmp_path: Path, console: Console, monkeypatch) -> None:
    """A file with code in it is refused by its sum."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError('unpickled')

    for function in ('load', 'loads', 'Unpickler'):
        monkeypatch.setattr(pickle, function, forbidden)
    with pytest.raises(ConfigError, match='published c58f30108f718f92721af3b95e74349a'):
        prepare_cifar('cifar10', downloads, tmp_path / 'cifar10', console)
    prepare_cifar('cifar10', downloads, tmp_path / 'cifar10', console, MINI)
    with pytest.raises(ConfigError, match='2 of 2 missing or incomplete'):
        prepare_cifar('cifar10', None, tmp_path / 'cifar10', console)
