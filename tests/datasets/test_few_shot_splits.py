"""Class splits of few-shot benchmarks, and the data sets that read them."""

from pathlib import Path

import pytest
from mmpretrain.datasets.categories import CIFAR100_CATEGORIES

from cft.datasets import CIFAR100Classes, ImageNetSubset
from cft.datasets.few_shot_splits import SETS, SPLITS, few_shot_classes
from cft.errors import ConfigError
from tests.support.ssl_data_files import write_cifar, write_jpeg

COUNTS = {
    'cifar_fs': (64, 16, 20),
    'fc100': (60, 20, 20),
    'miniimagenet': (64, 16, 20),
    'tieredimagenet': (351, 97, 160),
}
# The superclass of each class of CIFAR-100, for the test of FC100 (Krizhevsky 2009).
TEST_OF_FC100 = {
    *('beaver', 'dolphin', 'otter', 'seal', 'whale', 'bee', 'beetle', 'butterfly', 'caterpillar', 'cockroach'),
    *('fox', 'porcupine', 'possum', 'raccoon', 'skunk', 'baby', 'boy', 'girl', 'man', 'woman'),
}


@pytest.mark.parametrize('benchmark', SETS)
def test_splits_are_those_published(benchmark: str) -> None:
    parts = [few_shot_classes(f'{benchmark}/{split}') for split in SPLITS]
    assert tuple(map(len, parts)) == COUNTS[benchmark]
    names = [name for part in parts for name in part]
    assert len(set(names)) == len(names)
    if benchmark in ('cifar_fs', 'fc100'):
        assert set(names) == set(CIFAR100_CATEGORIES)
    else:
        assert all(name[0] == 'n' and name[1:].isdecimal() and len(name) == 9 for name in names)
    if benchmark == 'fc100':
        assert set(parts[2]) == TEST_OF_FC100


def test_images_of_both_files_of_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_cifar(tmp_path, monkeypatch, images=200)
    dataset = CIFAR100Classes(str(root), 'cifar_fs/test')
    assert len(dataset) == 20 * 4 and list(dataset.metainfo['classes']) == few_shot_classes('cifar_fs/test')
    labels = dataset.get_gt_labels()
    assert sorted(set(labels)) == list(range(20))
    first = CIFAR100Classes(str(root), 'cifar_fs/train')
    assert {len(dataset), len(first)} == {80, 256}


def test_what_cifar_cannot_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='CIFAR-100 is missing or damaged in .*prepare.py cifar100'):
        CIFAR100Classes(str(tmp_path), 'fc100/val')
    with pytest.raises(ConfigError, match='miniimagenet/val is no split of CIFAR-100'):
        CIFAR100Classes(str(tmp_path), 'miniimagenet/val')
    with pytest.raises(ConfigError, match="no class split 'cifar_fs/dev'"):
        CIFAR100Classes(str(tmp_path), 'cifar_fs/dev')


def test_images_that_a_list_of_miniimagenet_names(tmp_path: Path) -> None:
    """By their place among the numbers of the class, which are not in the order of text."""
    classes = few_shot_classes('miniimagenet/val')
    for name in classes:
        for number in (10, 2, 33):
            write_jpeg(tmp_path / 'train' / name / f'{name}_{number}.JPEG', 8, 8)
    lines = [f'{name}0000000{place}.jpg,{name}' for name in classes for place in (1, 3)]
    (tmp_path / 'val.csv').write_text('\n'.join(['filename,label', *lines]) + '\n')
    kwargs = dict(classes_file='miniimagenet/val', images_file=str(tmp_path / 'val.csv'))
    dataset = ImageNetSubset(str(tmp_path), **kwargs)
    names = [Path(dataset.get_data_info(index)['img_path']).name for index in range(2)]
    assert len(dataset) == 32 and names == [f'{classes[0]}_2.JPEG', f'{classes[0]}_33.JPEG']
    assert len(ImageNetSubset(str(tmp_path), 'miniimagenet/val')) == 48
    for line, told in ((f'{classes[0]}00000004.jpg,{classes[0]}', 'names no image of'), ('', 'lists no image of')):
        (tmp_path / 'val.csv').write_text(f'filename,label\n{line}\n')
        with pytest.raises(ConfigError, match=told):
            ImageNetSubset(str(tmp_path), **kwargs)
    with pytest.raises(ConfigError, match='no list of images .*meta-learning-lstm'):
        ImageNetSubset(str(tmp_path), 'miniimagenet/val', images_file='absent.csv')
