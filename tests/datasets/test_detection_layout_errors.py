"""What is wrong with somebody's detection data is told in one line that names the thing and the remedy."""

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

from cft.datasets.folder_detection import FolderDetection
from cft.errors import ConfigError
from tests.datasets.test_detection_layouts import coco, image, voc, write, yolo
from tests.support.detection_files import put


def changed_coco(root: Path, file: str, **more: object) -> None:
    put(root / file, json.dumps({**json.loads((root / file).read_text()), **more}))


def add_text(root: Path, file: str, text: str) -> None:
    put(root / file, (root / file).read_text() + text)


def remove(root: Path, *files: str) -> None:
    for file in files:
        (root / file).unlink()


DAMAGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    'a class beyond the names': (
        'yolo yaml',
        lambda root: add_text(root, 'labels/train/b.txt', '2 0.5 0.5 0.1 0.1\n'),
        r"labels/train/b\.txt, object 2, '2 0\.5.*there is no class 2; names has 2, numbered from 0: bee, cat$",
    ),
    'a class that is no number': (
        'yolo yaml',
        lambda root: put(root / 'labels/train/b.txt', 'cat 0.5 0.5 0.1 0.1\n'),
        r'b\.txt, object 1.*no number; write "class x y width height"',
    ),
    'pixels': (
        'yolo yaml',
        lambda root: put(root / 'labels/train/b.txt', '0 20 10 5 5\n'),
        r'b\.txt, object 1.*must be fractions of the image, from 0 to 1',
    ),
    'no numbers': (
        'yolo yaml',
        lambda root: put(root / 'labels/train/b.txt', '0 nan 0.5 0.1 0.1\n'),
        r'b\.txt, object 1.*must be fractions',
    ),
    'too many values': (
        'yolo yaml',
        lambda root: put(root / 'labels/train/b.txt', '0 0.5 0.5 0.1 0.1 0.9\n'),
        r'b\.txt, object 1.*5 values after the class; a box has 4',
    ),
    'a box without area': (
        'yolo yaml',
        lambda root: put(root / 'labels/train/b.txt', '0 0.5 0.5 1.2e-4 1\n0 0.99 0.99 1 1\n'),
        r"1 of 3 boxes cannot be meant as written; the first, of annotation '.*b\.txt, object 2'",
    ),
    'labels without an image': (
        'yolo yaml',
        lambda root: put(root / 'labels/train/z.txt', yolo('a')),
        r'1 of 3 label files have no image in .*images/train, such as .*z\.txt; add the images or take the labels away',
    ),
    'no labels': (
        'yolo yaml',
        lambda root: remove(root, 'labels/train/a.txt', 'labels/train/b.txt'),
        r'no image of .*images/train has labels, such as .*a\.txt; put them there',
    ),
    'a description without names': (
        'yolo yaml',
        lambda root: put(root / 'data.yaml', 'train: images/train\nval: images/val\n'),
        r'data\.yaml gives no names of the classes; write names: \[first, second, \.\.\.\]',
    ),
    'a gap in the names': (
        'yolo yaml',
        lambda root: put(root / 'data.yaml', 'train: images/train\nnames: {1: bee, 2: cat}\n'),
        r'data\.yaml gives no names',
    ),
    'a name twice': (
        'yolo yaml',
        lambda root: put(root / 'data.yaml', 'train: images/train\nnames: [bee, bee]\n'),
        r"data\.yaml names the classes \['bee'\] twice",
    ),
    'another number of classes': (
        'yolo yaml',
        lambda root: put(root / 'data.yaml', 'train: images/train\nnc: 3\nnames: [bee, cat]\n'),
        r'nc is 3, but names has 2; correct one of them',
    ),
    'a folder that is not there': (
        'yolo yaml',
        lambda root: put(root / 'data.yaml', 'train: pictures/train\nnames: [bee, cat]\n'),
        r'data\.yaml names pictures/train, which is not there; correct it',
    ),
    'key points': (
        'yolo yaml',
        lambda root: add_text(root, 'data.yaml', 'kpt_shape: [17, 3]\n'),
        r'key points \(kpt_shape\) are not read; give boxes or outlines',
    ),
    'damaged YAML': (
        'yolo yaml',
        lambda root: put(root / 'data.yaml', 'names: [bee,\n'),
        r'data\.yaml is no plain YAML: .*; repair it',
    ),
    'two descriptions': (
        'yolo yaml',
        lambda root: put(root / 'dataset.yml', 'names: [a, b]'),
        r'any of .*data\.yaml, .*dataset\.yml could be meant; leave one there',
    ),
    'no file of names': (
        'yolo names',
        lambda root: remove(root, 'classes.txt'),
        r'has labels of YOLO, but no names of their classes; write them into .*classes\.txt, one a line, or',
    ),
    'a listed image is missing': (
        'yolo lists',
        lambda root: add_text(root, 'train.txt', 'images/train_set/z.jpg\n'),
        r'train\.txt names images/train_set/z\.jpg, which is not there',
    ),
    'images are missing': (
        'coco flat',
        lambda root: remove(root, 'images/a.jpg'),
        r'1 of 2 images named in .*train\.json are missing: .*images/a\.jpg',
    ),
    'all images are missing': (
        'coco flat',
        lambda root: remove(root, 'images/a.jpg', 'images/b.jpg'),
        r"no image of .*train\.json is there, such as 'a\.jpg'; put the images into .*images, or correct",
    ),
    'no annotation': (
        'coco flat',
        lambda root: changed_coco(root, 'train.json', annotations=[]),
        r'train\.json has no object; label its images before training',
    ),
    'no category': (
        'coco flat',
        lambda root: changed_coco(root, 'train.json', categories=[], annotations=[]),
        r'the training labels name no class',
    ),
    'no images': (
        'coco flat',
        lambda root: changed_coco(root, 'train.json', images=[]),
        r'train\.json holds no image',
    ),
    'damaged JSON': (
        'coco flat',
        lambda root: put(root / 'train.json', coco('ab')[:-2]),
        r'train\.json is no COCO annotation file: it is no JSON',
    ),
    'two files of one split': (
        'coco flat',
        lambda root: put(root / 'annotations/training.json', coco('ab')),
        r'any of .*train\.json, .*training\.json could hold the annotations of the train split; leave one',
    ),
    'no training file': (
        'coco flat',
        lambda root: remove(root, 'train.json'),
        r'has COCO JSON of val, but none for training; name one train',
    ),
    'damaged XML': (
        'voc folders',
        lambda root: put(root / 'train/Annotations/a.xml', voc('a')[:-5]),
        r'a\.xml is no VOC annotation \(.*\); repair it or take it away',
    ),
    'XML without an image': (
        'voc folders',
        lambda root: put(root / 'train/Annotations/z.xml', voc('a')),
        r'1 of 3 images of the annotations in .*train/Annotations are missing: .*z\.jpg',
    ),
    'a listed image without XML': (
        'voc lists',
        lambda root: remove(root, 'Annotations/a.xml'),
        r'1 of 2 annotations named in .*train\.txt are missing: .*a\.xml',
    ),
    'another kind of labels beside': (
        'voc lists',
        lambda root: put(root / 'train.json', coco('ab')),
        r'has labels of several kinds: COCO JSON \(.*train\.json\), VOC XML \(.*\); say which with label_format=coco',
    ),
    'the labels of LabelMe': (
        'coco flat',
        lambda root: (remove(root, 'train.json', 'val.json'), put(root / 'images/a.json', '{"shapes": []}')),
        r'has labels of labelme, such as .*a\.json; convert them with: cft import labelme .* OUT',
    ),
    'the labels of CVAT': (
        'coco flat',
        lambda root: (remove(root, 'train.json', 'val.json'), put(root / 'annotations.xml', '<annotations/>')),
        r'has labels of cvat, such as .*annotations\.xml; convert them with: cft import cvat .* OUT',
    ),
    'no labels of any kind': (
        'coco flat',
        lambda root: remove(root, 'train.json', 'val.json'),
        r'has no labels that could be found \(3 \.jpg\); there must be COCO JSON .*VOC XML .* or YOLO text',
    ),
}


@pytest.mark.parametrize('damage', DAMAGES)
def test_damages(damage: str, tmp_path: Path) -> None:
    layout, change, message = DAMAGES[damage]
    write(tmp_path, layout)
    change(tmp_path)
    with pytest.raises(ConfigError, match=message) as error:
        FolderDetection(str(tmp_path), serialize_data=False)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(('layout', 'file'), [('coco flat', 'train.json'), ('voc folders', 'train/Annotations')])
def test_classes_of_the_splits_are_compared(layout: str, file: str, tmp_path: Path) -> None:
    write(tmp_path, layout)
    if layout == 'coco flat':
        categories = [{'id': number, 'name': name} for number, name in enumerate(['ant', 'bee', 'fly'])]
        changed_coco(tmp_path, 'val.json', categories=categories)
        message = r"val\.json has objects of the classes \['bee'\]"
        changed_coco(
            tmp_path, 'train.json', categories=[{'id': i, 'name': name} for i, name in enumerate(['x', 'y', 'z'])]
        )
    else:
        put(tmp_path / 'val/Annotations/c.xml', voc('c').replace('bee', 'fly'))
        message = r"val/Annotations has objects of the classes \['fly'\]"
    with pytest.raises(ConfigError, match=message + r', which the training labels lack; they have'):
        FolderDetection(str(tmp_path), split='val', test_mode=True, serialize_data=False)


def test_nothing_in_a_description_is_run(tmp_path: Path) -> None:
    """Tags of YAML that would call a function."""
    write(tmp_path, 'yolo yaml')
    put(tmp_path / 'data.yaml', f'train: !!python/object/apply:os.mkdir ["{tmp_path}/made"]\nnames: [bee, cat]\n')
    with pytest.raises(ConfigError, match=r'data\.yaml is no plain YAML'):
        FolderDetection(str(tmp_path))
    assert not (tmp_path / 'made').exists()


def test_entities_do_not_grow(tmp_path: Path) -> None:
    """An XML of a kilobyte that would be a gigabyte."""
    write(tmp_path, 'voc folders')
    entities = '<!ENTITY a0 "aaaaaaaaaa">' + ''.join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    text = f'<!DOCTYPE annotation [{entities}]><annotation><object><name>&a9;</name></object></annotation>'
    put(tmp_path / 'train/Annotations/a.xml', text)
    with pytest.raises(ConfigError, match=r'a\.xml is no VOC annotation'):
        FolderDetection(str(tmp_path))


def test_no_folder() -> None:
    with pytest.raises(ConfigError, match='no folder nowhere; give the folder of your images and labels'):
        FolderDetection('nowhere')
    with pytest.raises(ConfigError, match=r"split must be one of \['train', 'val', 'test'\], got 'trian'"):
        FolderDetection('nowhere', split='trian')


def test_one_image_is_not_divided(tmp_path: Path) -> None:
    image(tmp_path / 'images', 'a')
    put(tmp_path / 'labels/a.txt', yolo('a'))
    put(tmp_path / 'classes.txt', 'bee\ncat')
    with pytest.raises(ConfigError, match=r'no validation split can be made of the images of .*images: 1 groups'):
        FolderDetection(str(tmp_path))


@pytest.mark.parametrize(
    ('layout', 'change', 'told'),
    [
        (
            'yolo yaml',
            lambda root: image(root / 'images/train', 'z'),
            '1 of 3 images have no text file, such as .*z.jpg',
        ),
        (
            'voc folders',
            lambda root: image(root / 'train/images', 'z'),
            'left out 1 images without an XML file, .*z.jpg',
        ),
        (
            'coco flat',
            lambda root: put(root / 'all.json', coco('abc')),
            'left out files whose names tell no split: .*all',
        ),
    ],
)
def test_what_is_left_out_is_told(
    layout: str, change: Callable, told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, layout)
    change(tmp_path)
    logger = MMLogger.get_instance('told', log_level='INFO')
    logger.addHandler(caplog.handler)
    with caplog.at_level(logging.INFO):
        FolderDetection(str(tmp_path), serialize_data=False)
    assert re.search(told, caplog.text), caplog.text
