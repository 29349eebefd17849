"""MMPreTrain's and torchvision's readers find the same images, splits and classes in what was prepared."""

import csv
from collections.abc import Callable
from pathlib import Path

import mmpretrain.datasets as openmmlab
import pytest
import torchvision.datasets as vision

from tests.support.classification_downloads import write_miniature

Samples = list[tuple[str, int]]
FOLDERS = {
    'cub': ('CUB', 'CUB_200_2011', 'train'),
    'aircraft': ('FGVCAircraft', 'fgvc-aircraft-2013b', 'trainval'),
    'flowers102': ('Flowers102', '.', 'trainval'),
    'food101': ('Food101', 'food-101', 'train'),
    'pets': ('OxfordIIITPet', '.', 'trainval'),
    'sun397': ('SUN397', '.', 'train'),
}


def of_openmmlab(name: str, root: Path, split: str) -> Samples:
    reader, folder, train = FOLDERS[name]
    kind = getattr(openmmlab, reader)
    data = kind(data_root=str(root / folder), split=train if split == 'train' else 'test', pipeline=[])
    infos = [data.get_data_info(index) for index in range(len(data))]
    return [(info['img_path'], info['gt_label']) for info in infos]


def of_torchvision(name: str, root: Path, split: str) -> Samples:
    """In the folder names that it wants."""
    if name == 'cars':
        (root.parent / split).mkdir()
        (root.parent / split / 'stanford_cars').symlink_to(root)
        return list(vision.StanfordCars(root.parent / split, split)._samples)
    parts = {'train': ('train', 'val'), 'test': ('test',)}[split]
    sets = [vision.DTD(root.parent, part) for part in parts]
    return [(str(path), label) for data in sets for path, label in zip(data._image_files, data._labels, strict=True)]


READERS: dict[str, Callable[[str, Path, str], Samples]] = {
    **dict.fromkeys(FOLDERS, of_openmmlab),
    'cars': of_torchvision,
    'dtd': of_torchvision,
}


@pytest.mark.parametrize('name', sorted(READERS))
def test_same_images_splits_and_classes(name: str, tmp_path: Path) -> None:
    root = write_miniature(name, tmp_path)
    with (root / 'labels.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    numbers: dict[str, int] = {}
    for split in ('train', 'test'):
        ours = {str((root / row['path']).resolve()): row['label'] for row in rows if row['split'] == split}
        theirs = {str(Path(path).resolve()): label for path, label in READERS[name](name, root, split)}
        assert ours.keys() == theirs.keys()
        for path, label in ours.items():
            assert numbers.setdefault(label, theirs[path]) == theirs[path]
    assert len(set(numbers.values())) == len(numbers) == 2
