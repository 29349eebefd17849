"""VOCDetection: boxes, labels and flags of real files; what is wrong is named."""

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from mmdet.registry import DATASETS

from cft.errors import ConfigError
from tests.datasets.voc_folder import CLASSES, thing, write_annotation, write_image, write_list


def fill(root: Path, **annotations: list[Element]) -> None:
    """A list of images, an image and an annotation for each name."""
    write_list(root / 'VOC2007/ImageSets/Main/train.txt', *annotations)
    for name, things in annotations.items():
        write_image(root / 'VOC2007/JPEGImages' / f'{name}.jpg')
        write_annotation(root / 'VOC2007/Annotations' / f'{name}.xml', *things)


def build(root: Path, **options: object):
    settings = {
        'type': 'cft.VOCDetection',
        'data_root': str(root),
        'ann_file': 'VOC2007/ImageSets/Main/train.txt',
        'data_prefix': {'sub_data_root': 'VOC2007'},
        'metainfo': {'classes': CLASSES},
    }
    return DATASETS.build(settings | options)


def instances(root: Path, **options: object) -> list[list[dict]]:
    dataset = build(root, **options)
    return [dataset.get_data_info(index)['instances'] for index in range(len(dataset))]


@pytest.mark.parametrize(
    ('box', 'corners'),
    [
        ((1, 1, 20, 16), [0, 0, 20, 16]),
        ((3, 2, 10, 9), [2, 1, 10, 9]),
        # One pixel: VOC's last pixel belongs to the box.
        ((5, 5, 5, 5), [4, 4, 5, 5]),
        (('15.0', '2.7', '16.9', '3'), [14, 1, 16, 3]),
    ],
)
def test_boxes_are_corners_in_pixels(box: tuple, corners: list[int], tmp_path: Path) -> None:
    """From 1-based pixels, the last one included, to corners; VOC 2011 has some fractions."""
    fill(tmp_path, a=[thing(box=box)])
    assert [entry['bbox'] for entry in instances(tmp_path)[0]] == [corners]


def test_classes_flags_and_images_without_objects(tmp_path: Path) -> None:
    """Difficult objects are marked to be ignored; an image without objects stays, with training or not."""
    fill(
        tmp_path,
        a=[thing('dog', difficult=0), thing('cat', difficult=1), thing('cat')],
        b=[],
        c=[thing('dog', difficult=2)],
    )
    for options in ({}, {'test_mode': True}):
        found = [
            [(entry['bbox_label'], entry['ignore_flag']) for entry in image] for image in instances(tmp_path, **options)
        ]
        assert found == [[(1, 0), (0, 1), (0, 0)], [], [(1, 1)]]
    assert len(instances(tmp_path, filter_cfg={'filter_empty_gt': True})) == 2
    fill(tmp_path, b=[])
    with pytest.raises(ConfigError, match=r"filter_cfg=.*'filter_empty_gt': True.* leaves none of the images of"):
        build(tmp_path, filter_cfg={'filter_empty_gt': True})


def test_size_and_path(tmp_path: Path) -> None:
    """An annotation without size takes that of the image."""
    fill(tmp_path, a=[], b=[])
    write_annotation(tmp_path / 'VOC2007/Annotations/b.xml', size=None)
    write_image(tmp_path / 'VOC2007/JPEGImages/b.jpg', size=(9, 7))
    dataset = build(tmp_path)
    infos = [dataset.get_data_info(index) for index in range(2)]
    assert [(info['width'], info['height']) for info in infos] == [(20, 16), (9, 7)]
    assert Path(infos[1]['img_path']) == tmp_path / 'VOC2007/JPEGImages/b.jpg'
    assert dataset.metainfo['classes'] == CLASSES


def test_smallest_box_to_train_on(tmp_path: Path) -> None:
    """``bbox_min_size``, a setting of mmdet's class, marks smaller ones to be ignored."""
    fill(tmp_path, a=[thing(box=(1, 1, 4, 10)), thing(box=(1, 1, 10, 10))])
    found = instances(tmp_path, filter_cfg={'bbox_min_size': 6})
    assert [entry['ignore_flag'] for entry in found[0]] == [1, 0]


def test_vocs_classes_are_the_default(tmp_path: Path) -> None:
    fill(tmp_path, a=[thing('tvmonitor'), thing('aeroplane')])
    assert [entry['bbox_label'] for entry in instances(tmp_path, metainfo=None)[0]] == [19, 0]


@pytest.mark.parametrize(
    ('things', 'message'),
    [
        ([thing(), thing('bird')], r"object 2 is of the unknown class 'bird'; known are \['cat', 'dog'\]"),
        ([thing(box=(5, 5, 4, 9))], r'object 1 has an empty box \(5, 5, 4, 9\)'),
        ([thing(box=(5, 5, 9, 4))], r'object 1 has an empty box \(5, 5, 9, 4\)'),
        ([thing(without='name')], ''),
        ([thing(without='bndbox')], ''),
        ([thing(without='xmax')], ''),
        ([thing(box=(1, 'two', 3, 4))], "'two'"),
        ([thing(box=(1, 'nan', 3, 4))], 'NaN'),
        ([thing(box=(1, 'inf', 3, 4))], 'infinity'),
        ([thing(difficult='maybe')], "'maybe'"),
    ],
)
def test_wrong_annotation_is_named(things: list[Element], message: str, tmp_path: Path) -> None:
    """With its file, after right ones."""
    fill(tmp_path, right=[thing()], wrong=things)
    with pytest.raises(ConfigError, match=rf'VOC2007/Annotations/wrong\.xml is no VOC annotation.* \(.*{message}'):
        build(tmp_path)


@pytest.mark.parametrize(
    'text', ['', '<annotation><size>', 'not XML', '<annotation><size><width/></size></annotation>']
)
def test_corrupt_annotation_is_named(text: str, tmp_path: Path) -> None:
    fill(tmp_path, a=[], b=[])
    (tmp_path / 'VOC2007/Annotations/b.xml').write_text(text)
    with pytest.raises(ConfigError, match=r'Annotations/b\.xml is no VOC annotation.*repair it or leave it out'):
        build(tmp_path)


def test_missing_annotation_is_named(tmp_path: Path) -> None:
    fill(tmp_path, a=[], b=[])
    (tmp_path / 'VOC2007/Annotations/b.xml').unlink()
    with pytest.raises(ConfigError, match=r'1 of 2 annotations named in .*\.txt are missing: .*Annotations/b\.xml'):
        build(tmp_path)


@pytest.mark.parametrize('size', [(20, 16), None], ids=['size in the annotation', 'size from the image'])
def test_missing_image_is_named(size: tuple[int, int] | None, tmp_path: Path) -> None:
    fill(tmp_path, a=[], b=[])
    write_annotation(tmp_path / 'VOC2007/Annotations/b.xml', size=size)
    (tmp_path / 'VOC2007/JPEGImages/b.jpg').unlink()
    with pytest.raises(ConfigError, match=r'missing.*JPEGImages/b\.jpg'):
        build(tmp_path)


def test_unreadable_image_whose_size_is_needed(tmp_path: Path) -> None:
    fill(tmp_path, a=[])
    write_annotation(tmp_path / 'VOC2007/Annotations/a.xml', size=None)
    (tmp_path / 'VOC2007/JPEGImages/a.jpg').write_bytes(b'no picture')
    with pytest.raises(ConfigError, match=r'a\.xml .*gives no size and its image .*JPEGImages/a\.jpg cannot be read'):
        build(tmp_path)


def test_missing_and_empty_list(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r'no list of images .*Main/train\.txt; prepare the data.*VOCtest_06.*2012/, .*prepare_voc'
    ):
        build(tmp_path)
    fill(tmp_path)
    with pytest.raises(ConfigError, match=r'the list .*Main/train\.txt names no image'):
        build(tmp_path)
