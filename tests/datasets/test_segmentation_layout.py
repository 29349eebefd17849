"""Where images and masks may lie, which belong together, and what is refused instead of dropped."""

from pathlib import Path

import pytest

from cft.datasets.segmentation_layout import find_splits
from cft.errors import ConfigError
from tests.support.mask_folders import labels_of, usual, write_image, write_mask, write_pairs

# Names of the images and of their masks, and the split that each is found in.
LAYOUTS: dict[str, list[tuple[str, str, str]]] = {
    'images and masks': [('images/a.jpg', 'masks/a.png', 'train'), ('images/b.jpg', 'masks/b.png', 'train')],
    'VOC without lists': [('JPEGImages/a.jpg', 'SegmentationClass/a.png', 'train')],
    'mmseg': [
        ('img_dir/train/a.jpg', 'ann_dir/train/a.png', 'train'),
        ('img_dir/val/b.jpg', 'ann_dir/val/b.png', 'val'),
    ],
    'capital letters': [
        ('Images/Train/a.PNG', 'Labels/Train/a.png', 'train'),
        ('Images/Test/b.png', 'Labels/Test/b.png', 'test'),
    ],
    'split folders first': [
        ('train/images/a.png', 'train/masks/a.png', 'train'),
        ('valid/images/b.png', 'valid/masks/b.png', 'val'),
        ('test/images/c.png', 'test/masks/c.png', 'test'),
    ],
    'endings': [('images/a.jpg', 'masks/a_mask.png', 'train'), ('images/b.jpg', 'masks/b_segmentation.png', 'train')],
    'endings of both': [('images/1_sat.jpg', 'masks/1_mask.png', 'train')],
    'beside each other with an ending': [('a.png', 'a_mask.png', 'train'), ('b.tif', 'b-label.tif', 'train')],
    'beside each other by kind': [('a.jpg', 'a.png', 'train'), ('b.jpeg', 'b.bmp', 'train')],
    'in split folders with an ending': [
        ('train/a.jpg', 'train/a_mask.png', 'train'),
        ('valid/b.jpg', 'valid/b_mask.png', 'val'),
    ],
    'masks of a split beside it': [
        ('train/a.jpg', 'train_masks/a_mask.png', 'train'),
        ('val/b.jpg', 'valannot/b.png', 'val'),
    ],
    'only the masks in a folder': [('a.png', 'masks/a.png', 'train')],
    'patients below': [('images/p1/a.png', 'masks/p1/a.png', 'train'), ('images/p2/a.png', 'masks/p2/a.png', 'train')],
    'patients above': [('p1/images/a.png', 'p1/masks/a.png', 'train'), ('p2/images/a.png', 'p2/masks/a.png', 'train')],
    'patients with an ending': [('p1/a.tif', 'p1/a_mask.tif', 'train'), ('p2/a.tif', 'p2/a_mask.tif', 'train')],
}  # fmt: skip


@pytest.mark.parametrize('layout', LAYOUTS)
def test_layout(layout: str, tmp_path: Path) -> None:
    """Each image with its own mask, in its split, and nothing besides."""
    rows = LAYOUTS[layout]
    for seed, (image, mask, _) in enumerate(rows):
        write_image(tmp_path / image, seed)
        write_mask(tmp_path / mask, labels_of(seed))
    splits = find_splits(tmp_path)
    found = {
        (str(pair.image.relative_to(tmp_path)), str(pair.mask.relative_to(tmp_path)), split)
        for split, pairs in splits.items()
        for pair in pairs
    }
    assert found == set(rows)
    assert sum(map(len, splits.values())) == len(rows)
    names = [pair.name for pairs in splits.values() for pair in pairs]
    assert len(set(names)) == len(names) and all('.' not in name for name in names)
    if layout.startswith('patients'):
        assert {name.split('/')[0] for name in names} == {'p1', 'p2'}


@pytest.mark.parametrize('folder', ['', 'ImageSets/Segmentation', 'splits'])
@pytest.mark.parametrize('form', ['{}', '{}.png', 'images/{}.png'])
def test_lists(folder: str, form: str, tmp_path: Path) -> None:
    """As VOC has them, or with suffixes, or with folders."""
    usual(tmp_path, 6)
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for name, numbers in (('train', '01 00 02'), ('val', '03'), ('test', '05 04')):
        (tmp_path / folder / f'{name}.txt').write_text('\n'.join(form.format(n) for n in numbers.split()))
    splits = find_splits(tmp_path)
    assert {split: [pair.name for pair in pairs] for split, pairs in splits.items()} == {
        'train': ['01', '00', '02'],
        'val': ['03'],
        'test': ['05', '04'],
    }


def test_images_that_a_list_does_not_name_need_no_mask(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """VOC has many more images than masks; how many are left out is told."""
    usual(tmp_path, 3)
    write_image(tmp_path / 'images' / 'more.png', 9)
    (tmp_path / 'train.txt').write_text('00\n01\n')
    assert [pair.name for pair in find_splits(tmp_path)['train']] == ['00', '01']
    assert 'left out 2 images that no list names' in ''.join(capsys.readouterr())


@pytest.mark.parametrize(
    ('lists', 'message'),
    [
        ({'train': '00\nmissing\n'}, r'train\.txt names 1 images without a file or a mask \(missing\)'),
        ({'train': '\n'}, r'train\.txt names no image'),
        ({'train': '00\n01', 'val': '01'}, r'train\.txt and .*val\.txt both name 01; leave it in one of them'),
    ],
)
def test_wrong_lists(lists: dict[str, str], message: str, tmp_path: Path) -> None:
    usual(tmp_path, 3)
    for name, text in lists.items():
        (tmp_path / f'{name}.txt').write_text(text)
    with pytest.raises(ConfigError, match=message):
        find_splits(tmp_path)


def test_images_without_a_mask_are_refused(tmp_path: Path) -> None:
    usual(tmp_path, 5)
    for number in range(4):
        (tmp_path / 'masks' / f'{number:02}.png').unlink()
    message = r'4 of 5 images of .* have no mask \(.*00\.png, .*01\.png, .*02\.png, \.\.\.\); add their masks, or name'
    with pytest.raises(ConfigError, match=message):
        find_splits(tmp_path)


def test_what_is_left_out_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    usual(tmp_path, 2)
    write_mask(tmp_path / 'masks' / 'gone.png', labels_of(0))
    (tmp_path / 'images' / 'notes.json').write_text('{}')
    assert len(find_splits(tmp_path)['train']) == 2
    output = ''.join(capsys.readouterr())
    assert 'left out 1 masks without an image: ' in output and 'masks/gone.png' in output
    assert 'left out what is no image: 1 .json' in output


def test_several_that_may_be_meant(tmp_path: Path) -> None:
    usual(tmp_path, 2)
    for number in range(2):
        write_mask(tmp_path / 'labels' / f'{number:02}.png', labels_of(number))
    with pytest.raises(
        ConfigError, match='several folders that may be meant: masks, labels; say which with mask_folder=masks'
    ):
        find_splits(tmp_path)
    pairs = find_splits(tmp_path, mask_folder='labels')['train']
    assert {pair.mask.parent.name for pair in pairs} == {'labels'}
    with pytest.raises(ConfigError, match=r"image_folder=pictures: .* has no such folder; it has \['images'"):
        find_splits(tmp_path, image_folder='pictures', mask_folder='masks')


def test_folders_of_boxes_are_no_masks(tmp_path: Path) -> None:
    """VOC and COCO keep theirs under a name that masks may have."""
    write_pairs(tmp_path, ('JPEGImages/a.jpg', 'SegmentationClass/a.png'))
    (tmp_path / 'Annotations').mkdir()
    (tmp_path / 'Annotations' / 'a.xml').write_text('<annotation/>')
    assert find_splits(tmp_path)['train'][0].mask.parent.name == 'SegmentationClass'


def test_folders_of_other_names(tmp_path: Path) -> None:
    write_pairs(tmp_path, ('slices/a.png', 'contours/a.png'), ('slices/b.png', 'contours/b.png'))
    with pytest.raises(ConfigError, match='name the folders with image_folder=NAME mask_folder=NAME'):
        find_splits(tmp_path)
    assert len(find_splits(tmp_path, 'slices', 'contours')['train']) == 2


@pytest.mark.parametrize('second', ['masks/a_mask.png', 'masks/a.bmp'])
def test_two_masks_of_an_image(second: str, tmp_path: Path) -> None:
    write_pairs(tmp_path, ('images/a.jpg', 'masks/a.png'))
    write_mask(tmp_path / second, labels_of(1))
    with pytest.raises(ConfigError, match=r'images/a\.jpg has 2 masks, .*; keep one file'):
        find_splits(tmp_path)


def test_two_images_of_a_name(tmp_path: Path) -> None:
    write_pairs(tmp_path, ('images/a.jpg', 'masks/a.png'))
    write_image(tmp_path / 'images' / 'a.png', 3)
    with pytest.raises(ConfigError, match=r'images/a\.jpg and a\.png have the same name'):
        find_splits(tmp_path)


def test_an_image_may_be_called_like_a_mask(tmp_path: Path) -> None:
    """The whole name comes first: ``a_mask`` is the image's own."""
    write_pairs(tmp_path, ('images/a.png', 'masks/a.png'), ('images/a_mask.png', 'masks/a_mask.png'))
    assert [(pair.image.name, pair.mask.name) for pair in find_splits(tmp_path)['train']] == [
        ('a.png', 'a.png'),
        ('a_mask.png', 'a_mask.png'),
    ]


def test_a_split_without_masks(tmp_path: Path) -> None:
    write_pairs(tmp_path, ('images/train/a.png', 'masks/train/a.png'))
    write_image(tmp_path / 'images' / 'val' / 'b.png', 1)
    with pytest.raises(ConfigError, match='val holds no image with a mask .*1 images, none of which is the mask'):
        find_splits(tmp_path)


@pytest.mark.parametrize(
    'form', ['images/{}/a.png masks/{}/a.png', '{}/a.png {}_masks/a.png', '{}/a.jpg {}/a_mask.png']
)
def test_test_images_that_nobody_labelled(form: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """As competitions have them: told, and no reason not to train."""
    for split in ('train', 'test'):
        image, mask = form.replace('{}', split).split()
        write_image(tmp_path / image, 0)
        if split == 'train':
            write_mask(tmp_path / mask, labels_of(0))
    assert list(find_splits(tmp_path)) == ['train']
    assert 'test: left out 1 test images, which have no masks' in ''.join(capsys.readouterr())


@pytest.mark.parametrize(
    ('files', 'message'),
    [
        ((), 'holds no image with a mask .*: no images; put images into images/'),
        (('notes.txt',), r'no images, and 1 \.txt; put'),
        (('cat/1.png', 'dog/2.png'), '2 images, none of which is the mask of another; put'),
    ],
)
def test_no_masks(files: tuple[str, ...], message: str, tmp_path: Path) -> None:
    for number, name in enumerate(files):
        if name.endswith('.txt'):
            (tmp_path / name).write_text('x')
        else:
            write_image(tmp_path / name, number)
    with pytest.raises(ConfigError, match=message):
        find_splits(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no folder .*nowhere; give the folder of your images and masks'):
        find_splits(tmp_path / 'nowhere')
