"""Every data set from its genuine layout: archives, unpacked folders, both, and twice."""

import csv
import tarfile
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from cft.datasets import LabelTable
from cft.datasets.preparation.classification.class_folders import drawn
from cft.datasets.preparation.classification.prepare import prepare_image_set
from tests.support import miniature
from tests.support.classification_downloads import DRAWN, MINI_SETS, TRAIN, WRITERS, picture, write_downloads

# Classes of even and of odd pictures.
CLASSES = {
    'imagenet20': ('n01440764', 'n02086240'),
    'caltech101': ('BACKGROUND_Google', 'ant'),
    'dtd': ('banded', 'zigzagged'),
    'aircraft': ('707-320', 'Cessna 172'),
    'cars': ('AM General Hummer SUV 2000', 'Ram C/V Cargo Van Minivan 2012'),
    'pets': ('Abyssinian', 'american_bulldog'),
    'flowers': ('102', '009'),
    'flowers102': ('001', '077'),
    'inat18': ('0000 Turdus merula', '0001 Abies alba'),
    'inat17': ('0000 Turdus merula', '0001 Abies alba'),
    'caltech256': ('198.spider', '257.clutter'),
    'cub': ('001.Black_footed_Albatross', '200.Common_Yellowthroat'),
    'places365': ('airfield', 'zen_garden'),
    'food101': ('apple_pie', 'waffles'),
    'sun397': ('abbey', 'church/outdoor'),
}
SHADES = {picture(shade): shade for shade in range(130)}


@pytest.fixture(params=sorted(WRITERS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def rows_of(root: Path) -> list[dict[str, str]]:
    with (root / 'labels.csv').open(newline='') as file:
        return list(csv.DictReader(file))


def unpack_as_a_user(downloads: Path, folder: Path) -> Path:
    """Each archive by the usual tools, and files that are none copied."""
    folder.mkdir(parents=True)
    for path in sorted(downloads.iterdir()):
        if path.suffix == '.zip':
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
        elif path.suffix == '.mat':
            (folder / path.name).write_bytes(path.read_bytes())
        else:
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter='data')
    return folder


def test_labels_and_splits_are_those_of_the_download(name: str, tmp_path: Path, console: Console) -> None:
    """The bytes of each picture tell what it is, whatever it is called."""
    root = tmp_path / 'data' / name
    prepare_image_set(name, write_downloads(name, tmp_path / 'downloads'), root, console, MINI_SETS)
    rows = rows_of(root)
    shades = [SHADES[(root / row['path']).read_bytes()] for row in rows]
    assert len(set(shades)) == len(rows) == MINI_SETS[name].train + MINI_SETS[name].test
    for row, shade in zip(rows, shades, strict=True):
        assert row['label'] == CLASSES[name][shade % 2]
        if name not in DRAWN:
            assert row['split'] == ('train' if shade < TRAIN else 'test')
    counts = [sum(row['split'] == split for row in rows) for split in ('train', 'test')]
    assert counts == [MINI_SETS[name].train, MINI_SETS[name].test]
    source = (root / 'source.txt').read_text()
    assert MINI_SETS[name].page in source and MINI_SETS[name].licence in source and MINI_SETS[name].reading in source


def test_label_table_reads_it(name: str, tmp_path: Path, console: Console) -> None:
    root = tmp_path / name
    prepare_image_set(name, write_downloads(name, tmp_path / 'downloads'), root, console, MINI_SETS)
    for split in ('train', 'test'):
        data = LabelTable(data_root=str(root / 'labels.csv'), split=split, val_fraction=0.0, pipeline=[])
        assert data.metainfo['classes'] == tuple(sorted(CLASSES[name]))
        assert len(data) == getattr(MINI_SETS[name], split)


def test_twice_changes_nothing(name: str, tmp_path: Path, console: Console) -> None:
    downloads, root = write_downloads(name, tmp_path / 'downloads'), tmp_path / 'data'
    users = miniature.stamps(downloads)
    prepare_image_set(name, downloads, root, console, MINI_SETS)
    written, contents = miniature.stamps(root), miniature.contents(root)
    prepare_image_set(name, downloads, root, console, MINI_SETS)
    again = miniature.stamps(root)
    # The table is written anew each time.
    for derived in ('labels.csv', 'source.txt'):
        del written[derived], again[derived]
    assert again == written and miniature.contents(root) == contents
    prepare_image_set(name, None, root, console, MINI_SETS)
    assert miniature.contents(root) == contents and miniature.stamps(downloads) == users


@pytest.mark.parametrize('place', ['', 'sets/here'])
def test_unpacked_folders_are_linked(name: str, place: str, tmp_path: Path, console: Console) -> None:
    packed, users = write_downloads(name, tmp_path / 'packed'), tmp_path / 'users'
    # What has no folder of its own in the archive is unpacked into one.
    folder = unpack_as_a_user(packed, users / place / {'flowers': 'flowers', 'sun397': 'Partitions'}.get(name, 'x'))
    if name == 'sun397':
        (folder / 'SUN397').rename(folder.parent / 'SUN397')
    before = miniature.stamps(users)
    for root, downloads in ((tmp_path / 'linked', folder.parent), (tmp_path / 'unpacked', packed)):
        prepare_image_set(name, downloads, root, console, MINI_SETS)
    same = [miniature.contents(tmp_path / root)['labels.csv'] for root in ('linked', 'unpacked')]
    if name == 'flowers':
        assert (tmp_path / 'linked/flower_data').is_symlink()
    assert same[0] == same[1] and miniature.stamps(users) == before
    links = [path for path in (tmp_path / 'linked').iterdir() if path.is_symlink()]
    assert {path.name for path in links} == {part.place for part in MINI_SETS[name].parts}


def test_drawn_splits_are_nested_and_take_as_many_of_each_class(tmp_path: Path, console: Console) -> None:
    root = tmp_path / 'caltech101'
    prepare_image_set('caltech101', write_downloads('caltech101', tmp_path / 'd'), root, console, MINI_SETS)
    rows = rows_of(root)
    for label in CLASSES['caltech101']:
        assert sum(row['label'] == label and row['split'] == 'train' for row in rows) == 30
    names = [f'image_{number:04d}.jpg' for number in range(40)]
    assert drawn(names, 10) < drawn(names, 30) and len(drawn(names, 30)) == 30
    assert drawn(names, 10) == drawn(reversed(names), 10) != drawn(names, 10, seed=1)
    # One image more moves one image at most.
    assert len(drawn([*names, 'new.jpg'], 10) - drawn(names, 10)) <= 1
