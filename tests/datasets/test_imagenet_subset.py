"""ImageNetSubset: labels by the list, the list of ImageNet-100, and what is wrong with list or folder."""

import re
from pathlib import Path

import pytest

from cft.datasets import ImageNetSubset
from cft.datasets.imagenet_subset import read_class_list
from cft.errors import ConfigError
from tests.datasets.image_files import fill


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for split, size in (('train', 3), ('val', 2)):
        fill(tmp_path / split, n01=size, n02=size, n03=size, n04=size)
    return tmp_path


def write_list(root: Path, text: str) -> str:
    (root / 'classes.txt').write_text(text)
    return str(root / 'classes.txt')


@pytest.mark.parametrize(('split', 'size'), [('train', 3), ('val', 2)])
def test_listed_classes_in_the_order_of_the_list(root: Path, split: str, size: int) -> None:
    dataset = ImageNetSubset(str(root), write_list(root, '# a note\nn03\n\n  n01 \n'), split=split)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    found = [(str(Path(info['img_path']).relative_to(root)), info['gt_label'], info['sample_idx']) for info in infos]
    images = [
        (f'{split}/{name}/{name}_{i:02}.png', label) for label, name in enumerate(('n03', 'n01')) for i in range(size)
    ]
    assert found == [(path, label, index) for index, (path, label) in enumerate(images)]
    assert dataset.metainfo['classes'] == ('n03', 'n01')


def test_imagenet100() -> None:
    """100 WordNet ids; the first and last ones as in the published file."""
    classes = read_class_list('imagenet100')
    assert len(classes) == len(set(classes)) == 100
    assert all(re.fullmatch(r'n\d{8}', name) for name in classes)
    assert classes[:3] == ['n02869837', 'n01749939', 'n02488291']
    assert classes[-2:] == ['n01855672', 'n02090622']
    # Every id times its place, against a slip in the file.
    assert sum(int(name[1:]) * place for place, name in enumerate(classes, 1)) == 16_082_237_170


def test_missing_class_folders_are_counted(root: Path) -> None:
    names = write_list(root, 'n01\nn11\nn12\nn13\nn14\n')
    with pytest.raises(ConfigError, match=r'train lacks 4 of the 5 class folders of .*: n11, n12, n13, \.\.\.; put'):
        ImageNetSubset(str(root), names)


def test_validation_images_that_are_not_in_class_folders(root: Path) -> None:
    """As the archive unpacks."""
    for folder in (root / 'val').iterdir():
        for image in folder.iterdir():
            image.rename(root / 'val' / image.name)
        folder.rmdir()
    with pytest.raises(ConfigError, match='val lacks 1 of the 1 class folders.*folder named by its WordNet id'):
        ImageNetSubset(str(root), write_list(root, 'n01'), split='val')


def test_empty_class_folder(root: Path) -> None:
    for image in (root / 'train' / 'n02').iterdir():
        image.unlink()
    with pytest.raises(ConfigError, match='train/n02 holds no image'):
        ImageNetSubset(str(root), write_list(root, 'n01\nn02'))


def test_missing_folder(root: Path) -> None:
    with pytest.raises(ConfigError, match='no folder .*nowhere/train; .*data_root'):
        ImageNetSubset(str(root / 'nowhere'), 'imagenet100')


def test_unknown_split(root: Path) -> None:
    with pytest.raises(ConfigError, match="must be 'train' or 'val', got 'test'"):
        ImageNetSubset(str(root), 'imagenet100', split='test')


@pytest.mark.parametrize(
    ('text', 'message'),
    [('# only a note\n', 'lists no class'), ('n01\nn02\nn01\nn02\nn03\n', 'lists n01, n02 more than once')],
)
def test_list_that_cannot_be_used(root: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf'classes.txt {message}'):
        ImageNetSubset(str(root), write_list(root, text))


def test_missing_list_is_named_with_the_known_ones(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"no list of classes imagenet1000; .*\['imagenet100'\]"):
        ImageNetSubset(str(root), 'imagenet1000')
