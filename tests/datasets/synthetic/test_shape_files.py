"""draw_shapes: boxes, masks, COCO's file and the picture say the same."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from tests.datasets.synthetic.synthetic_files import (
    CLASSES,
    EMPTY,
    NUMBERS,
    coco,
    decode,
    labels,
    masks,
    names_of,
    picture,
    xml_objects,
)


@pytest.fixture(scope='module')
def names(shapes: Path) -> list[str]:
    return [name for split in NUMBERS for name in names_of(shapes, split)]


@pytest.mark.parametrize('split', NUMBERS)
def test_splits(shapes: Path, split: str) -> None:
    """As many as asked for, the same for both tasks and in COCO's file."""
    names = names_of(shapes, split)
    assert names == [f'{split}_{index:06}' for index in range(NUMBERS[split])]
    assert names_of(shapes, split, 'Main') == names
    assert [image['file_name'] for image in coco(shapes, split)['images']] == [f'{name}.jpg' for name in names]


def test_no_file_too_many(shapes: Path, names: list[str]) -> None:
    folders = {'JPEGImages': 'jpg', 'Annotations': 'xml', 'SegmentationClass': 'png', 'SegmentationObject': 'png'}
    for folder, ending in folders.items():
        assert sorted(path.name for path in (shapes / folder).iterdir()) == sorted(f'{n}.{ending}' for n in names)


def test_xml_boxes_are_those_of_the_masks(shapes: Path, names: list[str]) -> None:
    """1-based and inclusive, as in VOC."""
    for name in names:
        boxes = []
        for mask in masks(shapes, name):
            rows, columns = ndimage.find_objects(mask.astype(int))[0]
            boxes.append([columns.start + 1, rows.start + 1, columns.stop, rows.stop])
        assert [found['box'] for found in xml_objects(shapes, name)] == boxes


def test_class_image_agrees_with_the_objects(shapes: Path, names: list[str]) -> None:
    """Each object has one class, the one that its XML names; background and border are the same in both."""
    for name in names:
        by_class, by_object = labels(shapes, name, 'Class'), labels(shapes, name, 'Object')
        found = [np.unique(by_class[mask]).tolist() for mask in masks(shapes, name)]
        assert found == [[CLASSES.index(entry['name']) + 1] for entry in xml_objects(shapes, name)]
        for shared in (0, 255):
            assert np.array_equal(by_class == shared, by_object == shared)


@pytest.mark.parametrize('split', NUMBERS)
def test_coco_agrees_with_the_masks(shapes: Path, split: str) -> None:
    """Mask, area, box and class of every object, in the order of the XML."""
    content = coco(shapes, split)
    assert [category['name'] for category in content['categories']] == list(CLASSES)
    assert [entry['id'] for entry in content['annotations']] == list(range(1, len(content['annotations']) + 1))
    for image, name in zip(content['images'], names_of(shapes, split), strict=True):
        entries = [entry for entry in content['annotations'] if entry['image_id'] == image['id']]
        objects = xml_objects(shapes, name)
        for entry, mask, found in zip(entries, masks(shapes, name), objects, strict=True):
            assert np.array_equal(decode(entry['segmentation']), mask)
            assert entry['area'] == mask.sum()
            x0, y0, x1, y1 = found['box']
            assert entry['bbox'] == [x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1]
            assert CLASSES[entry['category_id'] - 1] == found['name']
            assert entry['iscrowd'] == 0


def test_void_is_a_border_of_one_pixel(shapes: Path, names: list[str]) -> None:
    """All background pixels that touch an object, and no others: objects stay whole."""
    for name in names:
        numbers = labels(shapes, name, 'Object')
        objects = (numbers > 0) & (numbers < 255)
        touching = ndimage.binary_dilation(objects, np.ones((3, 3))) & ~objects
        assert np.array_equal(numbers == 255, touching)


def test_images_without_objects(shapes: Path, names: list[str]) -> None:
    """Only these, all in training; their files are there and say so."""
    assert tuple(name for name in names if not xml_objects(shapes, name)) == EMPTY
    for name in EMPTY:
        assert not labels(shapes, name, 'Class').any()
        assert picture(shapes, name).std() > 8


def test_sizes(shapes: Path, names: list[str]) -> None:
    for name in names:
        size = ElementTree.parse(shapes / 'Annotations' / f'{name}.xml').getroot().find('size')
        assert [int(part.text) for part in size] == [128, 128, 3]
        assert picture(shapes, name).shape == (128, 128, 3)
        assert labels(shapes, name, 'Class').shape == labels(shapes, name, 'Object').shape == (128, 128)
    assert {(image['height'], image['width']) for image in coco(shapes)['images']} == {(128, 128)}


def test_palette_is_vocs(shapes: Path) -> None:
    """The colours of aeroplane, bicycle, bird, boat and void in the development kit."""
    palette = np.reshape(Image.open(shapes / 'SegmentationClass' / 'val_000000.png').getpalette(), (-1, 3))
    expected = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 4: (0, 0, 128), 20: (0, 64, 128)}
    assert {index: tuple(palette[index].tolist()) for index in expected} == expected
    assert palette[255].tolist() == [224, 224, 192]


def test_objects_are_where_the_masks_are(shapes: Path) -> None:
    """Inside its mask, the picture of an object has a bright and a dark tone of one colour; around it, others."""
    inside_off, around_off = [], []
    for name in names_of(shapes):
        image = picture(shapes, name).astype(float)
        background = labels(shapes, name, 'Object') == 0
        for mask in masks(shapes, name):
            inside = image[ndimage.binary_erosion(mask, iterations=2)]
            around = image[ndimage.binary_dilation(mask, iterations=5) & background]
            if len(inside) > 20 and len(around) > 20:
                brightness = inside.sum(axis=1)
                bright, dark = (
                    np.median(inside[brightness * sign > np.median(brightness) * sign], 0) for sign in (1, -1)
                )
                for pixels, off in ((inside, inside_off), (around, around_off)):
                    distances = [np.linalg.norm(pixels - tone, axis=1) for tone in (bright, dark)]
                    off.append(np.median(np.minimum(*distances)))
    assert len(inside_off) > 150
    assert np.quantile(inside_off, 0.9) < 30
    assert np.quantile(around_off, 0.1) > 50
