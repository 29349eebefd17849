"""ImageNetList: labels by the class folders, and what is wrong with list or folder."""

from pathlib import Path

import pytest

from cft.datasets import ImageNetList
from cft.errors import ConfigError
from tests.datasets.image_files import fill


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(tmp_path / 'train', n01=3, n02=3, n03=3)
    return tmp_path


def write_list(root: Path, *names: str) -> str:
    (root / 'few.txt').write_text(''.join(f'{name}\n' for name in names))
    return 'few.txt'


def test_listed_images_with_the_labels_of_all_class_folders(root: Path) -> None:
    dataset = ImageNetList(str(root), write_list(root, 'n03_01.png', 'n01_02.png'), images=2)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    found = [(str(Path(info['img_path']).relative_to(root)), info['gt_label']) for info in infos]
    assert found == [('train/n03/n03_01.png', 2), ('train/n01/n01_02.png', 0)]
    assert len(dataset.metainfo['classes']) == 1000


@pytest.mark.parametrize(
    ('names', 'told'),
    [
        (['n01_00.png'], 'names 1 images in 1 lines, not 2 in as many; take it again from imagenet_subsets of https'),
        (['n01_00.png'] * 2, 'names 1 images in 2 lines, not 2'),
        (['n01_00.png', 'n07_00.png'], 'train lacks 1 class folders of .*few.txt: n07'),
        (['n01_00.png', 'n02_09.png'], '1 of 2 images of .*few.txt are missing: .*n02_09.png'),
    ],
)
def test_what_is_wrong_with_a_list(names: list[str], told: str, root: Path) -> None:
    with pytest.raises(ConfigError, match=told):
        ImageNetList(str(root), write_list(root, *names), images=2)


def test_what_is_not_there(root: Path) -> None:
    with pytest.raises(ConfigError, match='no list .*1percent.txt; it is 1percent.txt in imagenet_subsets of https'):
        ImageNetList(str(root), '1percent.txt', images=12811)
    (root / 'train').rename(root / 'other')
    with pytest.raises(ConfigError, match='give the folder that holds ImageNet'):
        ImageNetList(str(root), write_list(root, 'n01_00.png'), images=1)
