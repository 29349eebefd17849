"""CocoDetection: what it reads of real files, what it leaves out, and what is wrong is named."""

import copy
import json
from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from voc_folder import CLASSES, write_image

from cft.errors import ConfigError

# Of the second image: usable, a crowd, no area, beyond the image, too narrow, marked to be ignored.
CONTENT = {
    'images': [{'id': 7, 'file_name': 'a.jpg', 'width': 20, 'height': 16},
               {'id': 9, 'file_name': 'b.jpg', 'width': 20, 'height': 16}],
    'categories': [{'id': 3, 'name': 'cat'}, {'id': 5, 'name': 'dog'}],
    'annotations': [
        {'id': 1, 'image_id': 9, 'category_id': 5, 'bbox': [2, 1, 8, 9.5], 'area': 60, 'iscrowd': 0},
        {'id': 2, 'image_id': 9, 'category_id': 3, 'bbox': [0, 0, 20, 16], 'area': 320, 'iscrowd': 1},
        {'id': 3, 'image_id': 9, 'category_id': 3, 'bbox': [2, 1, 8, 9], 'area': 0, 'iscrowd': 0},
        {'id': 4, 'image_id': 9, 'category_id': 3, 'bbox': [25, 1, 8, 9], 'area': 72, 'iscrowd': 0},
        {'id': 5, 'image_id': 9, 'category_id': 3, 'bbox': [2, 1, 0.5, 9], 'area': 4, 'iscrowd': 0},
        {'id': 6, 'image_id': 9, 'category_id': 3, 'bbox': [2, 1, 8, 9], 'area': 72, 'ignore': 1},
    ],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ('a', 'b'):
        write_image(tmp_path / 'images' / f'{name}.jpg')
    write(tmp_path, CONTENT)
    return tmp_path


def write(folder: Path, content: object) -> None:
    (folder / 'train.json').write_text(content if isinstance(content, str) else json.dumps(content))


def build(folder: Path, classes: tuple[str, ...] = CLASSES):
    settings = {'type': 'cft.CocoDetection', 'data_root': str(folder), 'ann_file': 'train.json'}
    return DATASETS.build(settings | {'data_prefix': {'img': 'images'}, 'metainfo': {'classes': classes}})


def test_what_is_read(folder: Path) -> None:
    """Images without objects are kept, a crowd is marked to be ignored, widths become corners."""
    dataset = build(folder)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert [info['img_id'] for info in infos] == [7, 9]
    assert [(entry['bbox'], entry['bbox_label'], entry['ignore_flag']) for entry in infos[1]['instances']] == [
        ([2, 1, 10, 10.5], 1, 0),
        ([0, 0, 20, 16], 0, 1),
    ]
    assert infos[0]['instances'] == []


def test_number_of_annotations_left_out_is_logged(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """Those that this config's classes have; another class is not missed."""
    build(folder)
    assert f'{folder}/train.json: 4 annotations without usable area left out' in capsys.readouterr().out
    build(folder, classes=('dog',))
    assert 'left out' not in capsys.readouterr().out


def test_nothing_left_out_is_not_logged(folder: Path, capsys: pytest.CaptureFixture) -> None:
    write(folder, CONTENT | {'annotations': CONTENT['annotations'][:2]})
    build(folder)
    assert 'left out' not in capsys.readouterr().out


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'no annotations .*train\.json; prepare the data'):
        build(tmp_path)


@pytest.mark.parametrize('content', ['', '{"images": [', '[]', '"text"', '\x00\x01'])
def test_corrupt_file_is_named(folder: Path, content: str) -> None:
    write(folder, content)
    with pytest.raises(ConfigError, match=r'train\.json is no COCO annotation file'):
        build(folder)


@pytest.mark.parametrize(
    ('part', 'field'),
    [('images', 'file_name'), ('images', 'width'), ('annotations', 'bbox'), ('annotations', 'area'),
     ('annotations', 'category_id'), ('annotations', 'image_id'), ('categories', 'name')],
)  # fmt: skip
def test_missing_field_is_named(folder: Path, part: str, field: str) -> None:
    content = copy.deepcopy(CONTENT)
    del content[part][0][field]
    write(folder, content)
    with pytest.raises(ConfigError, match=rf'train\.json is no COCO annotation file .*{field}'):
        build(folder)


@pytest.mark.parametrize('content', [{}, CONTENT | {'images': [], 'annotations': []}], ids=['nothing', 'no image'])
def test_file_without_images(folder: Path, content: dict) -> None:
    """Training would wait for a sample for ever."""
    write(folder, content)
    with pytest.raises(ConfigError, match=r'train\.json'):
        build(folder)


def test_missing_images_are_named(folder: Path) -> None:
    (folder / 'images' / 'b.jpg').unlink()
    with pytest.raises(ConfigError, match=r'1 of 2 images named in .*train\.json are missing: .*images/b\.jpg'):
        build(folder)


def test_missing_class_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"train\.json lacks the classes \['bird'\]; it has \['cat', 'dog'\]"):
        build(folder, classes=('cat', 'dog', 'bird'))


def test_classes_in_another_order(folder: Path) -> None:
    """mmdet numbers classes in the file's order; other names for these numbers would be wrong in every result."""
    with pytest.raises(ConfigError, match=r"order of .*train\.json: metainfo\.classes = \['cat', 'dog'\]"):
        build(folder, classes=('dog', 'cat'))


def test_annotations_with_equal_ids(folder: Path) -> None:
    content = copy.deepcopy(CONTENT)
    content['annotations'][1]['id'] = 1
    write(folder, content)
    with pytest.raises(ConfigError, match=r'train\.json is no COCO annotation file .*not unique'):
        build(folder)
