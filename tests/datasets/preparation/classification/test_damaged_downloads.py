"""Never half a data set that looks whole: whatever is wrong is named, and no table is left."""

import dataclasses
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from cft.datasets.preparation import archives
from cft.datasets.preparation.classification.prepare import prepare_image_set
from cft.errors import ConfigError
from tests.datasets.preparation.classification.test_genuine_layouts import unpack_as_a_user
from tests.support import miniature
from tests.support.classification_downloads import MINI_SETS, inaturalist_list, mat, picture, text, write_downloads

GZIPPED = {
    'imagenet20': 'imagewoof2.tgz',
    'caltech101': '101_ObjectCategories.tar.gz',
    'dtd': 'dtd-r1.0.1.tar.gz',
    'cars': 'car_devkit.tgz',
    'pets': 'annotations.tar.gz',
    'inat18': 'val2018.json.tar.gz',
}


def prepare(name: str, downloads: Path | None, root: Path, console: Console) -> None:
    prepare_image_set(name, downloads, root, console, MINI_SETS)


def users_folder(name: str, tmp_path: Path) -> Path:
    return unpack_as_a_user(write_downloads(name, tmp_path / 'packed'), tmp_path / 'users/x').parent


@pytest.mark.parametrize('name', sorted(GZIPPED))
@pytest.mark.parametrize('kept', [0.3, 0.9])
def test_truncated_archive(name: str, kept: float, tmp_path: Path, console: Console) -> None:
    downloads = write_downloads(name, tmp_path / 'downloads')
    archive = downloads / GZIPPED[name]
    archive.write_bytes(archive.read_bytes()[: int(kept * archive.stat().st_size)])
    with pytest.raises(ConfigError, match=rf'{archive.name} is damaged or not completely downloaded .*download it aga'):
        prepare(name, downloads, tmp_path / 'data', console)
    assert not (tmp_path / 'data/labels.csv').exists()


@pytest.mark.parametrize('name', ['caltech256', 'places365'])
@pytest.mark.parametrize('length', [7_777, 10_000, 15_000])
def test_truncated_plain_archive(name: str, length: int, tmp_path: Path, console: Console) -> None:
    """Wherever it is cut: amid a file, or amid a header, which Python's tarfile takes for the end."""
    downloads = write_downloads(name, tmp_path / 'downloads')
    archive = next(downloads.iterdir())
    archive.write_bytes(archive.read_bytes()[:length])
    with pytest.raises(ConfigError, match='is damaged or not completely downloaded'):
        prepare(name, downloads, tmp_path / 'data', console)
    assert not (tmp_path / 'data').exists()


def test_plain_archive_that_ends_between_two_files(tmp_path: Path, console: Console) -> None:
    """It looks whole; the counts tell."""
    downloads = write_downloads('places365', tmp_path / 'downloads')
    archive = next(downloads.iterdir())
    with tarfile.open(archive) as members:
        end = next(member.offset for member in members if member.name.endswith('val/zen_garden/00000011.jpg'))
    archive.write_bytes(archive.read_bytes()[:end])
    with pytest.raises(ConfigError, match='1 of 2 missing or incomplete: Places365-Standard, test'):
        prepare('places365', downloads, tmp_path / 'data', console)
    assert not (tmp_path / 'data/labels.csv').exists()


def test_sum_of_an_archive(tmp_path: Path, console: Console) -> None:
    downloads = write_downloads('dtd', tmp_path / 'downloads')
    archive = downloads / 'dtd-r1.0.1.tar.gz'
    md5 = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
    part = dataclasses.replace(MINI_SETS['dtd'].parts[0], md5=md5)
    sets = {'dtd': dataclasses.replace(MINI_SETS['dtd'], parts=(part,))}
    # A gzip file may be followed by anything.
    with archive.open('ab') as file:
        file.write(b'\0')
    with pytest.raises(ConfigError, match=rf'another version \(md5 .*, published {md5}\); download it again'):
        prepare_image_set('dtd', downloads, tmp_path / 'data', console, sets)
    assert not (tmp_path / 'data').exists()
    archive.write_bytes(archive.read_bytes()[:-1])
    prepare_image_set('dtd', downloads, tmp_path / 'data', console, sets)
    assert (tmp_path / 'data/labels.csv').is_file()


def test_interrupted_run_is_continued(tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads, root, copied = write_downloads('pets', tmp_path / 'downloads'), tmp_path / 'data', []

    def copy_some(source: io.BufferedIOBase, target: io.BufferedIOBase, length: int) -> None:
        copied.append(target)
        if len(copied) == 5:
            target.write(source.read(7))
            raise KeyboardInterrupt
        shutil.copyfileobj(source, target, length)

    with monkeypatch.context() as patch:
        patch.setattr(archives, 'shutil', type('copying', (), {'copyfileobj': staticmethod(copy_some)}))
        with pytest.raises(KeyboardInterrupt):
            prepare('pets', downloads, root, console)
    assert not (root / 'labels.csv').exists() and len(miniature.contents(root)) == 4
    with pytest.raises(ConfigError, match='no file .*trainval.txt; bring the data set there with prepare'):
        prepare('pets', None, root, console)
    prepare('pets', downloads, root, console)
    assert (root / 'labels.csv').is_file()


def test_folder_that_was_unpacked_in_part_is_not_linked(tmp_path: Path, console: Console) -> None:
    users = users_folder('pets', tmp_path)
    for archive in (tmp_path / 'packed').iterdir():
        shutil.copy(archive, users)
    (users / 'x/images/Abyssinian_1.jpg').unlink()
    prepare('pets', users, tmp_path / 'data', console)
    assert not (tmp_path / 'data/images').is_symlink() and (tmp_path / 'data/annotations').is_symlink()
    assert not (users / 'x/images/Abyssinian_1.jpg').exists()


@pytest.mark.parametrize('damage', [Path.unlink, lambda path: path.write_bytes(b'')])
def test_missing_and_empty_images(damage: Callable[[Path], object], tmp_path: Path, console: Console) -> None:
    users, root = users_folder('food101', tmp_path), tmp_path / 'data'
    prepare('food101', users, root, console)
    damage(users / 'x/food-101/images/waffles/1005650.jpg')
    for downloads in (None, users):
        with pytest.raises(ConfigError, match='1 of 2 missing or incomplete: Food-101, train'):
            prepare('food101', downloads, root, console)
    assert f'1 images missing or empty in {root}: food-101/images/waffles/1005650.jpg' in console.file.getvalue()
    # The table that was there is gone.
    assert not (root / 'labels.csv').exists()


def test_lists_that_are_too_short_or_tell_an_image_twice(tmp_path: Path, console: Console) -> None:
    users, root = users_folder('food101', tmp_path), tmp_path / 'data'
    listing = users / 'x/food-101/meta/test.txt'
    names = listing.read_text().split()
    listing.write_text('\n'.join(names[:-1]))
    with pytest.raises(ConfigError, match='Food-101, test'):
        prepare('food101', users, root, console)
    listing.write_text('\n'.join([*names[:-1], names[0]]))
    with pytest.raises(ConfigError, match='missing or incomplete'):
        prepare('food101', users, root, console)
    listing.write_text('\n'.join([*names[:-1], 'apple_pie/1005649']))
    with pytest.raises(ConfigError, match='missing or incomplete'):
        prepare('food101', users, root, console)
    output = console.file.getvalue()
    assert '3 images are listed, 4 expected' in output
    assert f'1 images are listed more than once: food-101/images/{names[0]}.jpg' in output
    assert '1 images are listed more than once: food-101/images/apple_pie/1005649.jpg' in output
    assert not (root / 'labels.csv').exists()


def test_class_of_the_test_without_training_images(tmp_path: Path, console: Console) -> None:
    users = users_folder('places365', tmp_path)
    (users / 'x/places365_standard/val/zen_garden').rename(users / 'x/places365_standard/val/zoo')
    with pytest.raises(ConfigError, match='Places365-Standard, test'):
        prepare('places365', users, tmp_path / 'data', console)
    assert '1 classes that no training image has: zoo' in console.file.getvalue()


def test_published_counts_are_demanded(tmp_path: Path, console: Console) -> None:
    """The miniature is whole in itself, but it is not the data set."""
    with pytest.raises(ConfigError, match='2 of 2 missing or incomplete: Stanford Cars, train, Stanford Cars, test'):
        prepare_image_set('cars', write_downloads('cars', tmp_path / 'downloads'), tmp_path / 'data', console)
    output = console.file.getvalue()
    assert '8 images are listed, 8,144 expected' in output and '2 classes, 196 expected' in output
    assert not (tmp_path / 'data/labels.csv').exists()


def test_table_that_was_changed_or_cut_is_found(tmp_path: Path, console: Console) -> None:
    root = tmp_path / 'data'
    prepare('dtd', write_downloads('dtd', tmp_path / 'downloads'), root, console)
    table = (root / 'labels.csv').read_bytes()
    for content in (table[:-20], table.replace(b'banded,test', b'banded,train', 1)):
        (root / 'labels.csv').write_bytes(content)
        with pytest.raises(ConfigError, match='labels.csv is missing or says something else than the lists'):
            prepare('dtd', None, root, console)
    prepare('dtd', tmp_path / 'downloads', root, console)
    assert (root / 'labels.csv').read_bytes() == table


def test_missing_downloads_are_named_with_their_page(tmp_path: Path, console: Console) -> None:
    downloads = write_downloads('cars', tmp_path / 'downloads')
    (downloads / 'cars_test.tgz').unlink()
    (downloads / 'cars_test_annos_withlabels.mat').unlink()
    with pytest.raises(ConfigError, match=r'lack cars_test.tgz, cars_test_annos_withlabels.mat; .*ai.stanford.edu'):
        prepare('cars', downloads, tmp_path / 'data', console)
    with pytest.raises(ConfigError, match=r'no folder .*nowhere; give the folder that holds cars_train.tgz, cars_test'):
        prepare('cars', tmp_path / 'nowhere', tmp_path / 'data', console)
    assert not (tmp_path / 'data').exists()


def test_two_copies(tmp_path: Path, console: Console) -> None:
    downloads = write_downloads('dtd', tmp_path / 'downloads')
    shutil.copytree(downloads, downloads / 'old')
    with pytest.raises(ConfigError, match=r'dtd-r1.0.1.tar.gz may be .*; move the others away'):
        prepare('dtd', downloads, tmp_path / 'data', console)


def test_data_folder_among_the_downloads(tmp_path: Path, console: Console) -> None:
    """What was unpacked before is no second download."""
    write_downloads('pets', tmp_path)
    for _ in range(2):
        prepare('pets', tmp_path, tmp_path / 'data/pets', console)
    assert (tmp_path / 'data/pets/labels.csv').is_file()


BAD_FILES = {
    'aircraft': ('fgvc-aircraft-2013b/data/images_variant_test.txt', b'1000008\n', "'1000008' has fewer than 2 words"),
    'dtd': ('dtd/labels/test1.txt', b'banded_0008.jpg\n', 'names no image in the folder of a class'),
    'food101': ('food-101/meta/test.txt', b'../secret/1\n', 'names no image in the folder of a class'),
    'cub': ('CUB_200_2011/train_test_split.txt', b'1 1\n', 'name different images'),
    'flowers102': ('setid.mat', mat(trnid=[[1]], valid=[[2]], tstid=[[999]]), 'has the image 999 of 1 to 12'),
    'cars': ('cars_test_annos_withlabels.mat', b'\0' * 99, 'is no complete MATLAB file with annotations'),
    'inat17': ('val2017.json', b'{"images": [', 'is no complete list'),
    'inat18': (
        'val2018.json',
        json.dumps({'images': [], 'categories': []}).encode(),
        "is no complete list .*'annotatio",
    ),
}


@pytest.mark.parametrize('name', sorted(BAD_FILES))
def test_lists_that_are_damaged(name: str, tmp_path: Path, console: Console) -> None:
    file, content, message = BAD_FILES[name]
    users = users_folder(name, tmp_path)
    (users / 'x' / file).write_bytes(content)
    with pytest.raises(ConfigError, match=rf'{Path(file).name}.* {message}|{message}') as error:
        prepare(name, users, tmp_path / 'data', console)
    assert len(str(error.value).splitlines()) == 1 and not (tmp_path / 'data/labels.csv').exists()


def test_test_list_of_the_devkit_has_no_labels(tmp_path: Path, console: Console) -> None:
    """The devkit's own list of test images is easily taken for the labelled one."""
    users = users_folder('cars', tmp_path) / 'x'
    shutil.copy(users / 'devkit/cars_test_annos.mat', users / 'cars_test_annos_withlabels.mat')
    with pytest.raises(ConfigError, match='has no file names and classes .the devkit has none for the test'):
        prepare('cars', users, tmp_path / 'data', console)


def test_inaturalist_needs_one_label_for_each_image(tmp_path: Path, console: Console) -> None:
    users = users_folder('inat18', tmp_path) / 'x'
    content = json.loads(inaturalist_list('train_val2018', range(8, 12)))
    content['annotations'].append(content['annotations'][0])
    (users / 'val2018.json').write_text(json.dumps(content))
    with pytest.raises(ConfigError, match='val2018.json has not one label for each image'):
        prepare('inat18', users, tmp_path / 'data', console)


def test_lists_do_not_lead_outside(tmp_path: Path, console: Console) -> None:
    users = users_folder('inat18', tmp_path) / 'x'
    (tmp_path / 'secret.jpg').write_bytes(picture(0))
    content = inaturalist_list('../..', range(8, 12)).replace(b'Aves/0/8.jpg', b'../secret.jpg')
    (users / 'val2018.json').write_bytes(content)
    with pytest.raises(ConfigError, match='outside of it; take the official download'):
        prepare('inat18', users, tmp_path / 'data', console)


def test_unfit_class_names(tmp_path: Path, console: Console) -> None:
    """A bar would make two labels of one in the table."""
    users = users_folder('aircraft', tmp_path) / 'x'
    listing = users / 'fgvc-aircraft-2013b/data/images_variant_test.txt'
    listing.write_bytes(text([f'{1000008 + index} a|b' for index in range(4)]))
    with pytest.raises(ConfigError, match=r"'a\|b' cannot be the name of a class"):
        prepare('aircraft', users, tmp_path / 'data', console)
