"""Boxes of VOC files lie on the pixels that they were drawn on, or are refused; files in the forms that tools write."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope

from cft.errors import ConfigError
from tests.datasets.test_orientation import UNTOLD, write_turned
from tests.datasets.test_voc_detection import build, fill, instances
from tests.datasets.voc_folder import thing, write_annotation, write_image, write_list

# A bright box at the upper left of the stored pixels.
BOX, VOC_BOX = (4, 2, 28, 20), (5, 3, 28, 20)


def write_phone_picture(root: Path, name: str, orientation: int, size: tuple, declared: tuple | None) -> None:
    pixels = np.full((size[1], size[0], 3), 40, np.uint8)
    x1, y1, x2, y2 = BOX
    pixels[y1:y2, x1:x2] = 250
    write_turned(root / f'VOC2007/JPEGImages/{name}.jpg', orientation, pixels)
    write_annotation(root / f'VOC2007/Annotations/{name}.xml', thing(box=VOC_BOX), size=declared)
    write_list(root / 'VOC2007/ImageSets/Main/train.txt', name)


def brightness(root: Path, **options: object) -> tuple[float, float]:
    """Mean inside and outside the box, of the image as the pipeline loads it."""
    pipeline = [{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations', 'with_bbox': True}]
    with DefaultScope.overwrite_default_scope('mmdet'):
        dataset = build(root, pipeline=pipeline, **options)
        sample = dataset[0]
    info = dataset.get_data_info(0)
    assert (info['height'], info['width']) == sample['img'].shape[:2]
    x1, y1, x2, y2 = sample['gt_bboxes'].tensor[0].int().tolist()
    inside = np.zeros(sample['img'].shape[:2], bool)
    inside[y1:y2, x1:x2] = True
    return sample['img'][inside].mean(), sample['img'][~inside].mean()


@pytest.mark.parametrize('orientation', range(1, 9))
def test_boxes_of_the_stored_pixels_turn_with_the_image(orientation: int, tmp_path: Path) -> None:
    """The size tells it for quarter turns; the others need the setting."""
    write_phone_picture(tmp_path, 'a', orientation, (96, 64), (96, 64))
    options = {} if orientation in (1, 5, 6, 7, 8) else {'label_frame': 'stored'}
    inside, outside = brightness(tmp_path, **options)
    assert inside > 240
    assert outside < 50


@pytest.mark.parametrize(('orientation', 'declared', 'stored'), UNTOLD)
def test_nothing_is_guessed(orientation: int, declared: tuple | None, stored: tuple, tmp_path: Path) -> None:
    write_turned(tmp_path / 'VOC2007/JPEGImages/a.jpg', orientation, size=stored)
    write_annotation(tmp_path / 'VOC2007/Annotations/a.xml', size=declared)
    write_list(tmp_path / 'VOC2007/ImageSets/Main/train.txt', 'a')
    with pytest.raises(ConfigError, match=r"a\.jpg is turned.*a\.xml.*set label_frame of the data set to 'stored' or"):
        build(tmp_path)
    assert len(build(tmp_path, label_frame='shown')) == 1


def test_boxes_of_another_scale_of_the_image(tmp_path: Path) -> None:
    fill(tmp_path, a=[thing()])
    write_annotation(tmp_path / 'VOC2007/Annotations/a.xml', thing(box=(30, 20, 100, 90)), size=(200, 160))
    with pytest.raises(ConfigError, match=r'a\.xml is for an image of 200 x 160 pixels, .*a\.jpg has 20 x 16; give'):
        build(tmp_path)


@pytest.mark.parametrize(
    ('box', 'reason'),
    [
        ((0.2, 0.3, 0.8, 0.9), 'the box of object 2 has fractions of the image; write pixels'),
        ((0.0, 0.0, 0.5, 1.0), 'the box of object 2 has fractions of the image; write pixels'),
        ((30, 40, 90, 80), 'the box of object 2 is .*100% beyond the 20 x 16 image'),
        ((11, 1, 200, 16), 'the box of object 2 is .*95% beyond the 20 x 16 image'),
        ((-9, -9, -2, -2), 'the box of object 2 is .*100% beyond'),
        ((1, 1, 1e300, 5), 'the box of object 2 is .*100% beyond'),
        ((1, 1, 'inf', 5), 'infinity'),
        ((0, 0, 0, 0), r'the box of object 2 is \[-1, -1, 0, 0\], 100% beyond'),
    ],
)
@pytest.mark.parametrize('size', [(20, 16), (0, 0), None])
def test_a_box_that_cannot_be_meant(box: tuple, reason: str, size: tuple | None, tmp_path: Path) -> None:
    fill(tmp_path, a=[])
    write_annotation(tmp_path / 'VOC2007/Annotations/a.xml', thing(), thing(box=box), size=size)
    with pytest.raises(ConfigError, match=rf'Annotations/a\.xml.*{reason}'):
        build(tmp_path)


def test_what_sticks_out_is_cut_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    fill(tmp_path, a=[thing(box=(0, 0, 9, 9)), thing(box=(1, 1, 20, 16))], b=[thing(box=(12, 8, 22, 17))])
    found = [[entry['bbox'] for entry in image] for image in instances(tmp_path)]
    assert found == [[[0, 0, 9, 9], [0, 0, 20, 16]], [[11, 7, 20, 16]]]
    assert 'train.txt: 2 of 3 boxes stick out of their image and are cut' in ''.join(capsys.readouterr())


FORMS = {
    'mark': lambda text: b'\xef\xbb\xbf' + text.encode(),
    'UTF-16': lambda text: ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode('utf-16'),
    'Latin-1': lambda text: ('<?xml version="1.0" encoding="ISO-8859-1"?>' + text).encode('latin-1'),
    'Windows': lambda text: ('\r\n<?xml version="1.0"?>\r\n' + text.replace('><', '>\r\n<')).encode(),
}


@pytest.mark.parametrize('form', FORMS)
def test_forms_of_xml(form: str, tmp_path: Path) -> None:
    fill(tmp_path, a=[])
    path = write_annotation(tmp_path / 'VOC2007/Annotations/a.xml', thing('käfer'), thing('\n dog '))
    path.write_bytes(FORMS[form](path.read_bytes().decode('us-ascii').replace('&#228;', 'ä')))
    found = instances(tmp_path, metainfo={'classes': ('dog', 'käfer')})
    assert [entry['bbox_label'] for entry in found[0]] == [1, 0]


def test_lists_and_suffixes_of_other_systems(tmp_path: Path) -> None:
    files = ('a.JPG', 'b.png', 'c.jpeg')
    for file in files:
        write_image(tmp_path / 'VOC2007/JPEGImages' / file)
        write_annotation(tmp_path / 'VOC2007/Annotations' / f'{file[0]}{".XML" if file[0] == "b" else ".xml"}', thing())
    path = write_list(tmp_path / 'VOC2007/ImageSets/Main/train.txt')
    path.write_bytes('a\r\n\r\nb \r\nc\r\n'.encode('utf-16'))
    dataset = build(tmp_path)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert [Path(info['img_path']).name for info in infos] == list(files)
    assert [info['img_id'] for info in infos] == ['a', 'b', 'c']
