"""convert_labels: what it takes, what it tells, and what it writes."""

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cft.datasets.conversion import convert_labels
from cft.datasets.detection_layout import find_layout
from cft.datasets.folder_detection import FolderDetection
from cft.errors import ConfigError
from tests.support.detection_files import put

WIDTH, HEIGHT = 40, 20


def image(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).save(file)
    return file


def cvat(root: Path, *shapes: str, name: str = 'a.jpg', before: str = '') -> Path:
    labels = ''.join(f'<label><name>{label}</name></label>' for label in ('cat', 'bee', 'never'))
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    text = f'<annotations><meta><job><labels>{labels}</labels></job></meta>{before}'
    put(root / 'annotations.xml', f'{text}<image id="3" name="{name}" {size}>{"".join(shapes)}</image></annotations>')
    return root


def labelme(root: Path, *shapes: dict, name: str = 'a', **more: object) -> Path:
    content = {'shapes': shapes, 'imagePath': f'{name}.jpg', 'imageWidth': WIDTH, 'imageHeight': HEIGHT, **more}
    put(root / f'{name}.json', json.dumps(content))
    return root


def shape(kind: str, *points: tuple[float, float], label: str = 'bee', **more: object) -> dict:
    return {'label': label, 'shape_type': kind, 'points': points, **more}


def converted(kind: str, source: Path, **options: object) -> tuple[dict, str]:
    """What was written, and the report."""
    out = source.parent / 'out'
    report = convert_labels(kind, source, out, **options)
    return json.loads((out / 'instances_train.json').read_text()), report


BOX = '<box label="bee" xtl="4" ytl="2" xbr="24" ybr="12"/>'


def test_boxes_polygons_and_masks_of_cvat(tmp_path: Path) -> None:
    """The order of the labels is CVAT's; the mask's runs go row by row, from the background."""
    image(tmp_path / 'in/images/a.jpg')
    polygon = '<polygon label="cat" points="1.0,2.0;5.0,2.0;5.0,8.5"/>'
    # Three columns and two rows, the first pixel and the last row's two first ones.
    mask = '<mask label="cat" rle="0, 1, 2, 2, 1" left="7" top="3" width="3" height="2"/>'
    content, report = converted('cvat', cvat(tmp_path / 'in', BOX, polygon, mask))
    assert [(entry['id'], entry['name']) for entry in content['categories']] == [(1, 'cat'), (2, 'bee'), (3, 'never')]
    box, outline, pixels = content['annotations']
    assert (box['bbox'], box['category_id'], 'segmentation' in box) == ([4, 2, 20, 10], 2, False)
    assert outline['bbox'] == [1, 2, 4, 6.5] and outline['segmentation'] == [[1, 2, 5, 2, 5, 8.5]]
    assert outline['area'] == pytest.approx(4 * 6.5 / 2)
    drawn = np.zeros((HEIGHT, WIDTH), int)
    drawn[3, 7] = drawn[4, 7] = drawn[4, 8] = 1
    found, value, at = np.zeros(HEIGHT * WIDTH, int), 0, 0
    for run in pixels['segmentation']['counts']:
        found[at : at + run] = value
        value, at = 1 - value, at + run
    # COCO's runs go column by column.
    assert np.array_equal(found.reshape(WIDTH, HEIGHT).T, drawn) and at == HEIGHT * WIDTH
    assert (pixels['bbox'], pixels['area']) == ([7, 3, 2, 2], 3)
    assert report.splitlines()[0] == 'read: 3 shapes, 1 images'
    assert '1 images (0 without objects), 3 objects (2 with a mask) of 3 classes: cat 2, bee 1, never 0' in report
    assert 'skipped: nothing' in report


def test_what_of_cvat_is_not_taken(tmp_path: Path) -> None:
    image(tmp_path / 'in/a.jpg')
    shapes = [
        BOX,
        '<points label="bee" points="1.0,2.0"/>',
        '<polyline label="bee" points="1.0,2.0;3.0,4.0"/>',
        '<ellipse label="bee" cx="3" cy="3" rx="2" ry="1"/>',
        '<skeleton label="bee"/>',
        '<tag label="bee"/>',
        '<star label="bee"/>',
        '<polygon label="bee" points="1.0,2.0;3.0,4.0"/>',
        '<box label="bee" xtl="100" ytl="2" xbr="124" ybr="12"/>',
        '<box label="bee" xtl="10" ytl="2" xbr="10" ybr="12"/>',
        '<mask label="bee" rle="0, 6" left="39" top="3" width="3" height="2"/>',
    ]
    content, report = converted('cvat', cvat(tmp_path / 'in', *shapes, before='<track id="0" label="bee"/>'))
    assert len(content['annotations']) == 1
    skipped = next(line for line in report.splitlines() if line.startswith('skipped: '))
    for reason in (
        'tracks', 'points', 'lines', 'ellipses', 'skeletons', 'tags of whole images', "shapes of the kind 'star'",
        'outlines of less than three points', 'objects more than half of which lie outside of their image',
        'objects with no area', 'masks that lie outside of their image',
    ):  # fmt: skip
        assert f'1 {reason}' in skipped, reason
    assert skipped.count('1 ') == 11


def test_rotated_boxes_are_outlines(tmp_path: Path) -> None:
    """By 90 degrees width and height change places; by 30, the corners are those of complex numbers."""
    image(tmp_path / 'in/a.jpg')
    turned = [f'<box label="bee" xtl="10" ytl="8" xbr="22" ybr="12" rotation="{angle}"/>' for angle in (90, 30)]
    content, report = converted('cvat', cvat(tmp_path / 'in', *turned))
    assert content['annotations'][0]['bbox'] == pytest.approx([14, 4, 4, 12])
    corners = [16 + 10j + (x + 1j * y) * np.exp(1j * np.pi / 6) for x, y in ((-6, -2), (6, -2), (6, 2), (-6, 2))]
    expected = [value for corner in corners for value in (corner.real, corner.imag)]
    assert content['annotations'][1]['segmentation'][0] == pytest.approx(expected)
    assert 'changed: 2 rotated boxes, taken as outlines of four points' in report


def test_shapes_of_labelme(tmp_path: Path) -> None:
    """Any corner first, the circle's own box, objects of several parts, pixels of a PNG with both corners in it."""
    image(tmp_path / 'in/a.jpg')
    mask = np.array([[255, 0, 0], [255, 255, 0]], np.uint8)
    packed = base64.b64encode(cv2.imencode('.png', mask)[1].tobytes()).decode()
    parts = [shape('polygon', (1, 1), (3, 1), (3, 3), group_id=7), shape('polygon', (9, 9), (9, 7), (7, 9), group_id=7)]
    content, report = converted(
        'labelme',
        labelme(
            tmp_path / 'in',
            shape('rectangle', (24, 2), (4, 12), label='cat'),
            shape('circle', (20, 10), (20, 14)),
            *parts,
            shape('mask', (7, 3), (9, 4), mask=packed),
            shape('point', (3, 3)),
            shape('polygon', (3, 3), (4, 4)),
            shape('polygon', (3, 3), (4, 4), (5, float('inf'))),
            shape('rectangle', (3, 3), (4, 4), label='__ignore__'),
        ),
    )
    boxes = [entry['bbox'] for entry in content['annotations']]
    assert boxes[0] == [4, 2, 20, 10] and boxes[1] == pytest.approx([16, 6, 8, 8])
    assert boxes[2] == [1, 1, 8, 8] and len(content['annotations'][2]['segmentation']) == 2
    assert boxes[3] == [7, 3, 2, 2] and content['annotations'][3]['area'] == 3
    assert content['annotations'][1]['area'] == pytest.approx(np.pi * 16, rel=0.01)
    assert [entry['name'] for entry in content['categories']] == ['bee', 'cat']
    for told in ('1 points', '1 outlines of less than three points', 'points are no numbers', '__ignore__'):
        assert told in report
    assert '1 circles, taken as outlines of 64 points' in report and '2 shapes that are parts of objects' in report


def test_classes_of_labelme_in_the_order_of_its_file(tmp_path: Path) -> None:
    image(tmp_path / 'in/a.jpg')
    root = labelme(tmp_path / 'in', shape('rectangle', (4, 2), (24, 12)))
    put(root / 'labels.txt', '__ignore__\n_background_\ncat\nbee\n')
    content, _ = converted('labelme', root)
    assert [entry['name'] for entry in content['categories']] == ['cat', 'bee']
    put(root / 'labels.txt', 'cat\n')
    with pytest.raises(ConfigError, match=r"labels\.txt lacks the classes \['bee'\] of the labelled objects; add them"):
        convert_labels('labelme', root, tmp_path / 'other')


def test_missing_images_are_told(tmp_path: Path) -> None:
    """They and their shapes are left out; their folder can be given."""
    root = labelme(tmp_path / 'in', shape('rectangle', (4, 2), (24, 12)), name='a')
    labelme(root, shape('rectangle', (4, 2), (24, 12)), name='b')
    elsewhere = tmp_path / 'photos'
    with pytest.raises(ConfigError, match=r'can be used: 2 missing images, .*a\.jpg, b\.jpg.*--images DIR'):
        convert_labels('labelme', root, tmp_path / 'out')
    image(elsewhere / 'a.jpg')
    content, report = converted('labelme', root, images=elsewhere)
    assert [entry['file_name'] for entry in content['images']] == ['../photos/a.jpg']
    assert '1 missing images' in report and '1 shapes of missing images' in report and 'missing are b.jpg' in report


def test_the_folder_is_one_for_training(tmp_path: Path) -> None:
    """Splits by the folders; images stay where they are, or are copied."""
    for split, names in {'train': 'ab', 'val': 'c'}.items():
        for name in names:
            image(tmp_path / f'in/{split}/{name}.jpg')
            labelme(tmp_path / 'in' / split, shape('rectangle', (4, 2), (24, 12)), name=name)
    labelme(tmp_path / 'in/train', name='b')
    convert_labels('labelme', tmp_path / 'in', tmp_path / 'out')
    convert_labels('labelme', tmp_path / 'in', tmp_path / 'copied', copy=True)
    assert set(find_layout(tmp_path / 'out').parts) == {'train', 'val'}
    for root, place in ((tmp_path / 'out', tmp_path / 'in'), (tmp_path / 'copied', tmp_path / 'copied/images')):
        dataset = FolderDetection(str(root), serialize_data=False)
        infos = [dataset.get_data_info(index) for index in range(2)]
        assert [Path(info['img_path']).resolve() for info in infos] == [place / f'train/{name}.jpg' for name in 'ab']
        assert [len(info['instances']) for info in infos] == [1, 0]
    assert not (tmp_path / 'out/images').exists()


def test_masks_for_segmentation(tmp_path: Path) -> None:
    """Of the image's size, 0 the background, later objects over earlier ones; a box without outline is filled."""
    image(tmp_path / 'in/a.jpg')
    first = shape('polygon', (2, 2), (10, 2), (10, 10), (2, 10), label='bee')
    second = shape('rectangle', (8, 4), (20, 8), label='cat')
    _, report = converted('labelme', labelme(tmp_path / 'in', first, second), masks=True)
    out = tmp_path / 'out'
    expected = np.zeros((HEIGHT, WIDTH), int)
    expected[2:10, 2:10] = 1
    expected[4:8, 8:20] = 2
    assert (np.asarray(Image.open(out / 'masks/a.png')) == expected).all()
    assert (out / 'images/a.jpg').is_file() and (out / 'classes.txt').read_text() == 'background\nbee\ncat\n'
    assert '1 boxes without an outline, filled in the masks' in report
    # The names of the masks' classes do not make it a data set of YOLO.
    assert find_layout(out).kind == 'coco'


def test_outlines_of_yolo(tmp_path: Path) -> None:
    image(tmp_path / 'in/images/a.jpg')
    put(tmp_path / 'in/labels/a.txt', '1 0.1 0.1 0.5 0.1 0.5 0.6\n0 0.5 0.5 0.5 0.5\n')
    put(tmp_path / 'in/classes.txt', 'cat\nbee\n')
    content, _ = converted('yolo', tmp_path / 'in')
    assert content['annotations'][0]['segmentation'][0] == pytest.approx([4, 2, 20, 2, 20, 12])
    assert content['annotations'][1]['bbox'] == pytest.approx([10, 5, 20, 10])
    assert [entry['category_id'] for entry in content['annotations']] == [2, 1]


LARGE_MASK = (
    '<annotations><image name="a.jpg" width="9" height="9"><mask label="a" rle="0,1000000000000" left="0" top="0" '
    'width="1000000" height="1000000"/></image></annotations>'
)


@pytest.mark.parametrize(
    ('kind', 'text', 'message'),
    [
        ('cvat', '<annotations><image', r'annotations\.xml is no XML \(.*\); unpack the export'),
        ('cvat', 'PK\x03\x04', r'annotations\.xml is no XML'),
        ('cvat', '<annotation/>', r"holds no images; export the task as 'CVAT for images 1\.1'"),
        ('cvat', '<annotations><track id="0"/></annotations>', 'no images but the tracks of a video; export the'),
        ('cvat', '<annotations><image name="a.jpg" width="3"/></annotations>', "image 'a.jpg': no 'height'"),
        ('cvat', LARGE_MASK, 'a mask is larger than the image; export it again'),
        (
            'cvat',
            '<annotations><image name="a.jpg" width="99999" height="99999"/></annotations>',
            '99999 x 99999 pix',
        ),
        ('cvat', '<annotations><image name="annotations.xml" width="9" height="9"/></annotations>', '1 missing images'),
        ('labelme', '{"shapes": [', r'a\.json is no JSON \(.*\); repair it or take it away'),
        ('labelme', '{"images": []}', 'holds no JSON file of LabelMe'),
        ('labelme', '{"shapes": [{"points": []}], "imagePath": "a.jpg"}', r'a\.json: shape 1 has no label'),
        ('labelme', '{"shapes": [], "imagePath": "a.jpg"}', 'holds nothing that can be used: no object'),
        ('yolo', '', 'has no YOLO text that could be found'),
        ('kitti', '', "labels of 'kitti' are not read; known are cvat, labelme, yolo"),
    ],
)
def test_damaged_exports(kind: str, text: str, message: str, tmp_path: Path) -> None:
    image(tmp_path / 'in/a.jpg')
    put(tmp_path / 'in' / ('annotations.xml' if kind == 'cvat' else 'a.json'), text)
    with pytest.raises(ConfigError, match=message):
        convert_labels(kind, tmp_path / 'in', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    image(tmp_path / 'in/a.jpg')
    root = labelme(tmp_path / 'in', shape('rectangle', (4, 2), (24, 12)))
    put(tmp_path / 'out/notes.txt', 'mine')
    with pytest.raises(ConfigError, match='out is not empty; name a new folder'):
        convert_labels('labelme', root, tmp_path / 'out')
    with pytest.raises(ConfigError, match='no file or folder nowhere; give the export'):
        convert_labels('labelme', 'nowhere', tmp_path / 'other')
    labelme(root, shape('rectangle', (4, 2), (24, 12)), name='sub/a', imagePath='../a.jpg')
    image(tmp_path / 'in/a.png')
    labelme(root, shape('rectangle', (4, 2), (24, 12)), name='b', imagePath='a.png')
    convert_labels('labelme', root, tmp_path / 'copies', copy=True)
    assert len(list((tmp_path / 'copies').rglob('*.jpg'))) == 2


def test_boxes_are_those_of_labelformat(tmp_path: Path) -> None:
    """Another library's readers of CVAT and YOLO, of boxes that both can take."""
    pytest.importorskip('labelformat')
    from labelformat.formats.cvat import CVATObjectDetectionInput
    from labelformat.formats.yolov8 import YOLOv8ObjectDetectionInput

    rng = np.random.default_rng(0)
    image(tmp_path / 'cvat/images/a.jpg')
    image(tmp_path / 'yolo/images/train/a.jpg')
    shapes, lines = [], ''
    for index in range(20):
        x1, y1 = rng.uniform(0, 30), rng.uniform(0, 14)
        x2, y2 = x1 + rng.uniform(1, 10), y1 + rng.uniform(1, 6)
        label = ['cat', 'bee'][index % 2]
        shapes.append(f'<box label="{label}" xtl="{x1}" ytl="{y1}" xbr="{x2}" ybr="{y2}"/>')
        middle = (x1 + x2) / 2 / WIDTH, (y1 + y2) / 2 / HEIGHT
        lines += f'{index % 2} {middle[0]} {middle[1]} {(x2 - x1) / WIDTH} {(y2 - y1) / HEIGHT}\n'
    cvat(tmp_path / 'cvat', *shapes)
    put(tmp_path / 'yolo/labels/train/a.txt', lines)
    put(tmp_path / 'yolo/data.yaml', 'path: .\ntrain: images/train\nnames: {0: cat, 1: bee}\n')
    theirs = {
        'cvat': CVATObjectDetectionInput(tmp_path / 'cvat/annotations.xml'),
        'yolo': YOLOv8ObjectDetectionInput(tmp_path / 'yolo/data.yaml', 'train'),
    }
    for kind, reader in theirs.items():
        convert_labels(kind, tmp_path / kind, tmp_path / f'{kind} out')
        content = json.loads((tmp_path / f'{kind} out/instances_train.json').read_text())
        names = {entry['id']: entry['name'] for entry in content['categories']}
        (labels,) = reader.get_labels()
        assert len(labels.objects) == len(content['annotations']) == 20
        for other, ours in zip(labels.objects, content['annotations'], strict=True):
            x, y, width, height = ours['bbox']
            assert other.category.name == names[ours['category_id']]
            box = [other.box.xmin, other.box.ymin, other.box.xmax, other.box.ymax]
            assert box == pytest.approx([x, y, x + width, y + height], abs=1e-9)
