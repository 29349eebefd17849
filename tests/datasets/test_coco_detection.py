"""CocoDetection: what it reads of real files, what it leaves out, and what is wrong is named."""

import copy
import json
from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope

from cft.errors import ConfigError
from tests.datasets.voc_folder import CLASSES, write_image

# Of the second image: usable, a crowd, no height, cut off, too narrow, marked to be ignored, of an image that is gone.
CONTENT = {
    'images': [{'id': 7, 'file_name': 'a.jpg', 'width': 20, 'height': 16},
               {'id': 9, 'file_name': 'b.jpg', 'width': 20, 'height': 16}],
    'categories': [{'id': 3, 'name': 'cat'}, {'id': 5, 'name': 'dog'}],
    'annotations': [
        {'id': 1, 'image_id': 9, 'category_id': 5, 'bbox': [2, 1, 8, 9.5], 'area': 60, 'iscrowd': 0},
        {'id': 2, 'image_id': 9, 'category_id': 3, 'bbox': [0, 0, 20, 16], 'area': 320, 'iscrowd': 1},
        {'id': 3, 'image_id': 9, 'category_id': 3, 'bbox': [2, 1, 8, 0], 'area': 0, 'iscrowd': 0},
        {'id': 4, 'image_id': 9, 'category_id': 3, 'bbox': [15, 1, 8, 9], 'area': 72, 'iscrowd': 0},
        {'id': 5, 'image_id': 9, 'category_id': 3, 'bbox': [2, 1, 0.5, 9], 'area': 4, 'iscrowd': 0},
        {'id': 6, 'image_id': 9, 'category_id': 3, 'bbox': [2, 1, 8, 9], 'area': 72, 'ignore': 1},
        {'id': 7, 'image_id': 8, 'category_id': 3, 'bbox': [2, 1, 8, 9], 'area': 72, 'iscrowd': 0},
    ],
}  # fmt: skip
PLAIN = CONTENT | {'annotations': CONTENT['annotations'][:2]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ('a', 'b'):
        write_image(tmp_path / 'images' / f'{name}.jpg')
    write(tmp_path, CONTENT)
    return tmp_path


def write(folder: Path, content: object) -> None:
    (folder / 'train.json').write_text(content if isinstance(content, str) else json.dumps(content))


def build(folder: Path, classes: tuple[str, ...] = CLASSES, **settings: object):
    settings = {'data_root': str(folder), 'ann_file': 'train.json', 'data_prefix': {'img': 'images'}} | settings
    with DefaultScope.overwrite_default_scope('mmdet'):
        return DATASETS.build({'type': 'cft.CocoDetection', 'metainfo': {'classes': classes}} | settings)


def infos(folder: Path, **settings: object) -> list[dict]:
    dataset = build(folder, **settings)
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def boxes(folder: Path, **settings: object) -> list[tuple]:
    """Of the second image: box, label, whether it is ignored, and its area."""
    return [
        (entry['bbox'], entry['bbox_label'], entry['ignore_flag'], entry['area'])
        for entry in infos(folder, **settings)[1]['instances']
    ]


USED = [
    ([2, 1, 10, 10.5], 1, 0, 60),
    ([0, 0, 20, 16], 0, 1, 320),
    ([15, 1, 20, 10], 0, 0, 72),
    ([2, 1, 10, 10], 0, 1, 72),
]


def test_what_is_read(folder: Path) -> None:
    """Images without objects are kept, a crowd is marked to be ignored, widths become corners."""
    assert [info['img_id'] for info in infos(folder)] == [7, 9]
    assert boxes(folder) == USED
    assert infos(folder)[0]['instances'] == []


def test_what_is_evaluated(folder: Path) -> None:
    """Objects of less than a pixel as well, as COCO's tools count them."""
    assert boxes(folder, test_mode=True) == [*USED[:3], ([2, 1, 2.5, 10], 0, 0, 4), USED[3]]


def test_one_line_tells_what_is_unused_and_why(folder: Path, capsys: pytest.CaptureFixture) -> None:
    build(folder)
    assert capsys.readouterr().out.count('\n') == 1
    build(folder)
    assert (
        f'{folder}/train.json, of 7 annotations: 3 annotations unused: 1 without area, 1 smaller than 1 pixel, '
        '1 of images that the file does not list; 1 boxes cut off at the edge of their image\n'
    ) in capsys.readouterr().out
    build(folder, classes=('dog',))
    assert '5 of classes that are not in metainfo.classes' in capsys.readouterr().out


def test_nothing_unused_is_not_told(folder: Path, capsys: pytest.CaptureFixture) -> None:
    write(folder, PLAIN)
    build(folder)
    assert capsys.readouterr().out == ''


def changed(part: str, **fields: object) -> dict:
    """The plain content with each entry of a part changed; a function gives the new value from the old one."""
    content = copy.deepcopy(PLAIN)
    for entry in content[part]:
        for name, value in fields.items():
            entry[name] = value(entry.get(name)) if callable(value) else value
    return content


def without(name: str) -> dict:
    content = copy.deepcopy(PLAIN)
    del content['annotations'][0][name]
    return content


SAME = {
    'plain': PLAIN,
    'annotation ids from 0': changed('annotations', id=lambda key: key - 1),
    'annotation ids as text': changed('annotations', id=lambda key: f'x{key}'),
    'equal annotation ids': changed('annotations', id=1),
    'no annotation ids': changed('annotations', id=None),
    'image ids as text': changed('annotations', image_id=str),
    'image ids as text on the other side': changed('images', id=str),
    'image ids as 7.0': changed('annotations', image_id=float),
    'category ids as text': changed('annotations', category_id=str),
    'categories as text': changed('categories', id=str),
    'boxes as text': changed('annotations', bbox=lambda box: [str(value) for value in box]),
    'crowd as text': changed('annotations', iscrowd=str),
    'crowd as truth': changed('annotations', iscrowd=bool),
    'no iscrowd': without('iscrowd'),
    'image listed again': PLAIN | {'images': PLAIN['images'] * 2},
    'annotation listed again': PLAIN | {'annotations': [*PLAIN['annotations'], PLAIN['annotations'][0]]},
    'categories from 0': CONTENT | {
        'categories': [{'id': 0, 'name': 'cat'}, {'id': 1, 'name': 'dog'}],
        'annotations': [a | {'category_id': (a['category_id'] - 3) // 2} for a in PLAIN['annotations']],
    },
    'an unused category': PLAIN | {'categories': [*PLAIN['categories'], {'id': 1, 'name': 'owl'}]},
    'an unknown category': PLAIN | {
        'annotations': [*PLAIN['annotations'], PLAIN['annotations'][0] | {'id': 3, 'category_id': 17}],
    },
}  # fmt: skip


@pytest.mark.parametrize('kind', SAME)
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_what_converters_write_is_read_alike(folder: Path, kind: str, encoding: str) -> None:
    (folder / 'train.json').write_bytes(json.dumps(SAME[kind]).encode(encoding))
    assert boxes(folder) == USED[:2]


@pytest.mark.parametrize('area', ['no area', 0, -5, None, float('nan'), float('inf'), 'text'])
def test_without_area_that_of_the_box(folder: Path, area: object) -> None:
    """By which the metric tells small from large objects."""
    write(folder, without('area') if area == 'no area' else changed('annotations', area=area))
    assert [entry[3] for entry in boxes(folder)] == [8 * 9.5, 320]


def test_rounding_beyond_the_edge_is_left(folder: Path, capsys: pytest.CaptureFixture) -> None:
    write(folder, changed('annotations', bbox=[12, 8, 8.4, 8.01]))
    assert boxes(folder)[0][0] == pytest.approx([12, 8, 20.4, 16.01])
    assert capsys.readouterr().out == ''


def test_backslashes_between_folders(folder: Path) -> None:
    """Where there is no file of that very name."""
    for name in ('a', 'b'):
        write_image(folder / 'images' / 'sub' / f'{name}.jpg')
    write(folder, changed('images', file_name=lambda name: f'sub\\{name}'))
    assert [Path(info['img_path']) for info in infos(folder)] == [
        folder / 'images/sub/a.jpg',
        folder / 'images/sub/b.jpg',
    ]


BAD_BOXES = {
    'fractions': ([0.1, 0.1, 0.4, 0.5], 'fractions'),
    'outside': ([25, 1, 8, 9], '100% beyond'),
    'negative place': ([-90, -90, 8, 9], '100% beyond'),
    'negative size': ([12, 1, -8, 9], 'no area'),
    'another scale': ([15, 9, 100, 100], 'beyond the 20 x 16 image'),
    'infinite': ([1, 1, float('inf'), 3], 'is no place'),
    'not a number': ([float('nan'), 1, 2, 3], 'is no place'),
    'huge': ([1, 1, 1e300, 3], 'beyond'),
    'huge whole number': ([1, 1, 10**400, 3], 'is no place'),
}


@pytest.mark.parametrize('kind', BAD_BOXES)
def test_boxes_that_cannot_be_meant(folder: Path, kind: str) -> None:
    """A file of them is refused; one among a thousand is left out and told."""
    box, reason = BAD_BOXES[kind]
    write(folder, changed('annotations', bbox=box))
    with pytest.raises(ConfigError, match=rf"train\.json: 2 of 2 boxes.* annotation 1 in 'b\.jpg', is \[.*{reason}"):
        build(folder)


@pytest.mark.parametrize('kind', BAD_BOXES)
def test_a_single_bad_box_is_left_out_and_told(folder: Path, kind: str, capsys: pytest.CaptureFixture) -> None:
    box, reason = BAD_BOXES[kind]
    slip = PLAIN['annotations'][0] | {'id': 77, 'bbox': box}
    many = [PLAIN['annotations'][0] | {'id': 100 + i} for i in range(1000)]
    write(folder, PLAIN | {'annotations': [slip, *many]})
    assert {tuple(entry[0]) for entry in boxes(folder)} == {(2, 1, 10, 10.5)}
    out = capsys.readouterr().out
    assert '1 annotations unused: 1 with a box that cannot be meant as written (that of annotation 77 in ' in out
    assert reason in out


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (changed('annotations', category_id=lambda key: key - 2) | {
            'categories': [{'id': 2, 'name': 'cat'}, {'id': 4, 'name': 'dog'}],
        }, r'category ids \[1, 3\], its categories \[2, 4\]: .* lower by 1; add 1'),
        (changed('categories', id=lambda key: key - 1), r'higher by 1; add -1 to each'),
        (changed('annotations', category_id=17), 'none of its 2 annotations can be used: 2 of categories'),
        (changed('annotations', image_id=17), 'none of its 2 annotations can be used: 2 of images that'),
        (changed('annotations', image_id='a.jpg'), 'none of its 2 annotations can be used: 2 of images that'),
        (changed('annotations', iscrowd=1), 'none of its 2 annotations can be used: 2 marked by iscrowd or ignore'),
        (changed('annotations', bbox=[1, 1, 0, 0]), 'none of its 2 annotations can be used: 2 without area'),
        (PLAIN | {'annotations': []}, 'holds no annotation'),
        (changed('annotations', bbox=[1, 2, 3]), r'annotation 1: bbox is not \[x, y, width, height\]'),
        (changed('annotations', bbox=[]), r'annotation 1: bbox is not \[x, y, width, height\]'),
        (changed('annotations', bbox=None), r'annotation 1: bbox is not \[x, y, width, height\]'),
        (changed('annotations', bbox='1234'), r'annotation 1: bbox is not \[x, y, width, height\]'),
        (changed('annotations', bbox=[[1], 2, 3, 4]), 'annotation 1: '),
        (changed('annotations', bbox=['a', 2, 3, 4]), "annotation 1: .*'a'"),
        (changed('annotations', iscrowd='no'), "annotation 1: iscrowd is 'no'; write 0 or 1"),
        (changed('annotations', iscrowd=[1]), r'annotation 1: iscrowd is \[1\]; write 0 or 1'),
        (changed('annotations', image_id=[9]), r'annotation 1: \[9\] is no id'),
        (changed('annotations', category_id=None), 'annotation 1: None is no id'),
        (changed('annotations', category_id=True), 'annotation 1: True is no id'),
        (changed('images', id=7), "image id 7 stands for 'a.jpg' and 'b.jpg'"),
        (changed('images', file_name='a.jpg'), "'a.jpg' is listed under 2 image ids"),
        (changed('images', file_name=7), r'images\[0\], 7: file_name is 7'),
        (changed('images', file_name=''), r"images\[0\], '': file_name is ''"),
        (changed('images', width=0), r"images\[0\], 'a.jpg': width and height must be whole numbers"),
        (changed('images', height=1.5), 'width and height must be whole numbers'),
        (changed('images', height='tall'), r"images\[0\], 'a.jpg': .*'tall'"),
        (changed('images', height=10**8, width=10**8), 'more than 1073741824 pixels'),
        (changed('images', id=lambda key: 'x' if key == 7 else key), 'some image ids are numbers and some are text'),
        (changed('categories', id=3), "category id 3 stands for 'cat' and 'dog'"),
        (changed('categories', name='cat'), r"categories \['cat'\] have several ids"),
        (changed('categories', name=5), r'categories\[0\] has the name 5'),
        (PLAIN | {'images': {'a': 1}}, "its 'images' are no list"),
        (PLAIN | {'annotations': [1]}, "its 'annotations' are no list"),
        (PLAIN | {'categories': None, 'images': []}, 'lacks the classes'),
    ],
)  # fmt: skip
def test_contradictions_are_one_line(folder: Path, content: dict, message: str) -> None:
    write(folder, content)
    with pytest.raises(ConfigError, match=rf'train\.json.*{message}') as caught:
        build(folder)
    assert '\n' not in str(caught.value)


def test_lists_to_predict_have_no_annotations(folder: Path) -> None:
    """As COCO's test images; without ``annotations`` there is nothing to train on."""
    write(folder, {key: value for key, value in PLAIN.items() if key != 'annotations'})
    assert [info['instances'] for info in infos(folder, test_mode=True)] == [[], []]
    with pytest.raises(ConfigError, match='holds no annotation'):
        build(folder)


@pytest.mark.parametrize('suffix', ['pkl', 'yaml', 'txt'])
def test_it_is_json_whatever_its_name(folder: Path, suffix: str) -> None:
    (folder / f'train.{suffix}').write_text(json.dumps(PLAIN))
    assert boxes(folder, ann_file=f'train.{suffix}') == USED[:2]


def test_images_without_objects_can_be_left_out(folder: Path) -> None:
    """What is unused does not count."""
    write(folder, PLAIN | {'annotations': [*PLAIN['annotations'], {**PLAIN['annotations'][0], 'id': 3, 'image_id': 7,
                                                                   'bbox': [1, 1, 0, 5]}]})  # fmt: skip
    assert [info['img_id'] for info in infos(folder, filter_cfg={'filter_empty_gt': True, 'min_size': 8})] == [9]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r'no annotations .*train\.json; prepare the data.*val2017\.zip.*cocodataset.*prepare_coco'
    ):
        build(tmp_path)


@pytest.mark.parametrize('content', ['', '{"images": [', '[]', '"text"', '\x00\x01'])
def test_corrupt_file_is_named(folder: Path, content: str) -> None:
    write(folder, content)
    with pytest.raises(ConfigError, match=r'train\.json is no COCO annotation file'):
        build(folder)


@pytest.mark.parametrize(
    ('part', 'field'),
    [('images', 'file_name'), ('images', 'width'), ('images', 'id'), ('annotations', 'bbox'),
     ('annotations', 'category_id'), ('annotations', 'image_id'), ('categories', 'name')],
)  # fmt: skip
def test_missing_field_is_named(folder: Path, part: str, field: str) -> None:
    content = copy.deepcopy(CONTENT)
    del content[part][0][field]
    write(folder, content)
    with pytest.raises(ConfigError, match=rf"train\.json.* has no '{field}'"):
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
