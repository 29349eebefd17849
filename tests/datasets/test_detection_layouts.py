"""find_layout and FolderDetection: every usual layout of COCO JSON, VOC XML and YOLO text gives the same objects."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmdet.registry import DATASETS
from PIL import Image

from cft.datasets.detection_layout import find_layout
from cft.datasets.folder_detection import FolderDetection
from cft.errors import ConfigError
from tests.support.detection_files import put

SIZE = (40, 20)
# Pixels of one object of each image; the second class alone in the second image.
BOXES = {'a': ('bee', (4, 2, 24, 12)), 'b': ('cat', (10, 5, 30, 15)), 'c': ('bee', (0, 0, 40, 20))}
NAMES = ['bee', 'cat']


def image(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((SIZE[1], SIZE[0], 3), ord(name[0]), np.uint8)).save(folder / f'{name}.jpg')


def coco(names: str, prefix: str = '', **more: object) -> str:
    """Of images a, b, c; the categories have a group as Roboflow writes it."""
    corners = {name: BOXES[name][1] for name in names}
    return json.dumps(
        {
            'images': [
                {'id': f'{i}', 'file_name': f'{prefix}{name}.jpg', 'width': SIZE[0], 'height': SIZE[1]}
                for i, name in enumerate(names)
            ],
            'annotations': [
                {'id': 0, 'image_id': i, 'category_id': 1 + NAMES.index(BOXES[name][0])}
                | {'bbox': [x1, y1, x2 - x1, y2 - y1]}
                for i, (name, (x1, y1, x2, y2)) in enumerate(corners.items())
            ],
            'categories': [
                {'id': 0, 'name': 'animals', 'supercategory': 'none'},
                *({'id': 1 + i, 'name': name, 'supercategory': 'animals'} for i, name in enumerate(NAMES)),
            ],
            **more,
        }
    )


def voc(name: str) -> str:
    label, (x1, y1, x2, y2) = BOXES[name]
    return (
        f'<annotation><size><width>{SIZE[0]}</width><height>{SIZE[1]}</height></size><object><name>{label}</name>'
        f'<bndbox><xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>'
        '</annotation>'
    )


def yolo(name: str) -> str:
    label, (x1, y1, x2, y2) = BOXES[name]
    middle = (x1 + x2) / 2 / SIZE[0], (y1 + y2) / 2 / SIZE[1]
    return f'{NAMES.index(label)} {middle[0]} {middle[1]} {(x2 - x1) / SIZE[0]} {(y2 - y1) / SIZE[1]}\n'


def write(root: Path, layout: str) -> None:
    """Training images a and b, validation image c."""
    splits = {'train': 'ab', 'valid' if layout.startswith('roboflow') else 'val': 'c'}
    for split, names in splits.items():
        place = {
            'coco archive': root / f'{split}2017',
            'coco in folders': root / 'images' / split,
            'coco flat': root / 'images',
            'coco beside': root / 'pictures',
            'roboflow coco': root / split,
            'voc lists': root / 'JPEGImages',
            'voc folders': root / split / 'images',
            'roboflow voc': root / split,
            'yolo yaml': root / 'images' / split,
            'yolo lists': root / 'images' / f'{split}_set',
            'yolo yaml elsewhere': root / 'images' / split,
            'yolo names': root / 'images' / split,
            'roboflow yolo': root / split / 'images',
            'yolo beside': root / split,
        }[layout]
        for name in names:
            image(place, name)
            if 'voc' in layout:
                folder = {'voc lists': root, 'voc folders': root / split}.get(layout)
                put((folder / 'Annotations' if folder else place) / f'{name}.xml', voc(name))
            if 'yolo' in layout:
                put(Path(str(place / f'{name}.txt').replace('/images/', '/labels/')), yolo(name))
        if layout == 'coco archive':
            put(root / f'annotations/instances_{split}2017.json', coco(names))
            put(root / f'annotations/captions_{split}2017.json', coco(names))
        elif layout == 'roboflow coco':
            put(root / split / '_annotations.coco.json', coco(names))
        elif 'coco' in layout:
            put(root / f'{split}.json', coco(names, 'pictures\\' if layout == 'coco beside' else ''))
        elif layout == 'voc lists':
            put(root / f'ImageSets/Main/{split}.txt', '\ufeff' + '\r\n'.join(names) + '\r\n\r\n')
        elif layout == 'yolo lists':
            put(root / f'{split}.txt', ''.join(f'./images/{split}_set/{name}.jpg\n' for name in names))
    yaml = {
        'yolo yaml': 'path: .\ntrain: images/train\nval: images/val\nnc: 2\nnames: [bee, cat]\n',
        'yolo lists': 'train: train.txt\nval: [val.txt]\nnames: {1: cat, 0: bee}\n',
        'yolo yaml elsewhere': (
            'path: /content/d\ntrain: /content/d/images/train\nval: C:\\d\\images\\val\nnames: {0: bee, 1: cat}'
        ),
        'roboflow yolo': "train: ../train/images\nval: ../valid/images\n\nnc: 2\nnames: ['bee', 'cat']\n",
    }
    if layout in yaml:
        put(root / 'data.yaml', yaml[layout])
    elif layout in ('yolo names', 'yolo beside'):
        put(root / 'classes.txt', 'bee\r\ncat\r\n')


LAYOUTS = (
    'coco archive', 'coco in folders', 'coco flat', 'coco beside', 'roboflow coco', 'voc lists', 'voc folders',
    'roboflow voc', 'yolo yaml', 'yolo lists', 'yolo yaml elsewhere', 'yolo names', 'roboflow yolo', 'yolo beside',
)  # fmt: skip


def objects(root: Path, split: str, **options: object) -> dict[str, list]:
    options = {'serialize_data': False, **options}
    dataset = DATASETS.build(dict(type='cft.FolderDetection', data_root=str(root), split=split, **options))
    names = dataset.metainfo['classes']
    found = {}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        assert (info['width'], info['height']) == SIZE and Path(info['img_path']).is_file()
        found[Path(info['img_path']).stem] = [
            (names[entry['bbox_label']], pytest.approx(entry['bbox'])) for entry in info['instances']
        ]
    return found


@pytest.mark.parametrize('layout', LAYOUTS)
def test_layouts(layout: str, tmp_path: Path) -> None:
    """Classes, boxes and splits; without a test split it is the validation's."""
    write(tmp_path, layout)
    assert find_layout(tmp_path).kind == next(kind for kind in ('coco', 'voc', 'yolo') if kind in layout)
    assert objects(tmp_path, 'train') == {name: [BOXES[name]] for name in 'ab'}
    for split in ('val', 'test'):
        assert objects(tmp_path, split, test_mode=True) == {'c': [BOXES['c']]}
    assert FolderDetection(str(tmp_path)).metainfo['classes'] == ('bee', 'cat')


def test_a_validation_split_is_made(tmp_path: Path) -> None:
    """A tenth, the same images every time, and none of them in training."""
    for index in range(30):
        image(tmp_path / 'images', f'a{index}')
        put(tmp_path / f'labels/a{index}.txt', yolo('a'))
    put(tmp_path / 'classes.txt', 'bee\ncat\n')
    train, val = set(objects(tmp_path, 'train')), set(objects(tmp_path, 'val'))
    assert len(val) == 3 and len(train) == 27 and not train & val
    assert set(objects(tmp_path, 'val')) == set(objects(tmp_path, 'test')) == val
    assert set(objects(tmp_path, 'val', seed=1)) != val
    # One more image moves one image at most.
    image(tmp_path / 'images', 'b')
    put(tmp_path / 'labels/b.txt', yolo('a'))
    assert len(val ^ set(objects(tmp_path, 'val'))) <= 2


def test_whole_folders_are_held_out(tmp_path: Path) -> None:
    """Images of one video lie in one folder."""
    for video in 'klmnopqrst':
        for index in range(3):
            image(tmp_path / 'images' / video, f'{video}{index}')
            put(tmp_path / f'labels/{video}/{video}{index}.txt', yolo('a'))
    put(tmp_path / 'classes.txt', 'bee\ncat\n')
    train, val = ({name[0] for name in objects(tmp_path, split)} for split in ('train', 'val'))
    assert len(val) == 1 and train | val == set('klmnopqrst') and not train & val


def test_images_without_objects_stay(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An empty text file and one that is not there, an XML without objects, an image that no annotation names."""
    write(tmp_path / 'yolo', 'yolo names')
    image(tmp_path / 'yolo/images/train', 'empty')
    put(tmp_path / 'yolo/labels/train/empty.txt', '\r\n \n')
    image(tmp_path / 'yolo/images/train', 'missing')
    assert objects(tmp_path / 'yolo', 'train') == {'a': [BOXES['a']], 'b': [BOXES['b']], 'empty': [], 'missing': []}
    write(tmp_path / 'voc', 'voc folders')
    image(tmp_path / 'voc/train/images', 'empty')
    put(tmp_path / 'voc/train/Annotations/empty.xml', '<annotation></annotation>')
    image(tmp_path / 'voc/train/images', 'unlabelled')
    assert objects(tmp_path / 'voc', 'train')['empty'] == [] and len(objects(tmp_path / 'voc', 'train')) == 3
    write(tmp_path / 'coco', 'coco flat')
    content = json.loads(coco('abc'))
    content['annotations'] = content['annotations'][:2]
    put(tmp_path / 'coco/train.json', json.dumps(content))
    assert objects(tmp_path / 'coco', 'train')['c'] == []


def test_labels_of_turned_images_are_turned(tmp_path: Path) -> None:
    """EXIF: YOLO's fractions are those of the shown image, unless ``label_frame`` says otherwise."""
    folder = tmp_path / 'images'
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in 'ab':
        Image.fromarray(np.zeros((20, 40, 3), np.uint8)).save(folder / f'{name}.jpg', exif=exif)
        put(tmp_path / f'labels/{name}.txt', '0 0.25 0.1 0.5 0.2\n')
    put(tmp_path / 'classes.txt', 'bee')
    info = FolderDetection(str(tmp_path)).get_data_info(0)
    assert (info['width'], info['height'], info['instances'][0]['bbox']) == (20, 40, [0, 0, 10, 8])
    info = FolderDetection(str(tmp_path), label_frame='stored').get_data_info(0)
    # The stored pixels 0 to 20 across and 0 to 4 down, turned clockwise.
    assert (info['width'], info['height'], info['instances'][0]['bbox']) == (20, 40, [16, 0, 20, 20])


def test_the_format_can_be_said(tmp_path: Path) -> None:
    write(tmp_path, 'coco flat')
    for name in 'abc':
        put(tmp_path / f'Annotations/{name}.xml', voc(name))
    with pytest.raises(ConfigError, match=r'several kinds: COCO JSON .*VOC XML .*label_format=coco'):
        find_layout(tmp_path)
    assert find_layout(tmp_path, 'voc').kind == 'voc' and find_layout(tmp_path, 'coco').kind == 'coco'
    with pytest.raises(
        ConfigError, match=r"label_format must be one of \['coco', 'voc', 'yolo'\] or None, got 'kitti'"
    ):
        find_layout(tmp_path, 'kitti')


def test_classes_may_be_in_another_order(tmp_path: Path) -> None:
    write(tmp_path, 'voc lists')
    dataset = FolderDetection(str(tmp_path), metainfo=dict(classes=('cat', 'bee')))
    assert [dataset.get_data_info(i)['instances'][0]['bbox_label'] for i in range(2)] == [1, 0]
