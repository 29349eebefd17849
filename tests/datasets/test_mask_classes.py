"""Classes of masks: names from files, colours from palettes, labels from values, and what is no list of classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cft.datasets.class_names import read_class_names
from cft.datasets.mask_classes import find_mask_classes
from cft.errors import ConfigError, DataError
from tests.support.mask_folders import PALETTE, labels_of, write_mask


def masks_of(root: Path, *values: Sequence[int], palette: np.ndarray | None = None) -> list[Path]:
    """A mask for each list of values, which are the ones that it holds."""
    return [
        write_mask(root / f'{index}.png', np.resize(np.array(held, np.uint8), (4, 6)), palette)
        for index, held in enumerate(values)
    ]


def told(capsys: pytest.CaptureFixture) -> str:
    return ''.join(capsys.readouterr())


def test_names_from_the_labels(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """One more than the largest; 255 is none of them; the smallest sets are those of each mask alone."""
    found = find_mask_classes(tmp_path, masks_of(tmp_path, [0, 1], [0, 3], [255, 2]))
    assert found.names == ['class_0', 'class_1', 'class_2', 'class_3']
    assert found.palette is None and found.foreground is None
    output = told(capsys)
    assert '4 classes (class_0, class_1, class_2, class_3) from the masks' in output
    assert 'label 0, class_0, is a class like the others unless reduce_zero_label=True; 255 is no label' in output


def test_without_the_label_zero(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    masks = masks_of(tmp_path, [0, 1, 2], [0, 3])
    found = find_mask_classes(tmp_path, masks, reduce_zero_label=True)
    assert found.names == ['class_1', 'class_2', 'class_3']
    assert 'pixels of label 0 belong to no class' in told(capsys)
    named = find_mask_classes(tmp_path, masks, classes=['x', 'y', 'z'], reduce_zero_label=True)
    assert named.names == ['x', 'y', 'z']
    with pytest.raises(
        DataError, match=r"1\.png has the label 3, but classes=\['x', 'y'\] names 2 classes, labels 1 to 2"
    ):
        find_mask_classes(tmp_path, masks, classes=['x', 'y'], reduce_zero_label=True)


@pytest.mark.parametrize('names', [None, ['sky', 'bird']])
def test_black_and_white_masks(names: list[str] | None, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """0 and 255 alone would be a class and no label; so 255 is the object."""
    found = find_mask_classes(tmp_path, masks_of(tmp_path, [0, 255], [0], [255]), classes=names)
    assert (found.names, found.foreground) == (names or ['background', 'object'], 255)
    assert f'the value 255 is {found.names[1]}, 0 is {found.names[0]}' in told(capsys)


@pytest.mark.parametrize('names', [['one'], ['a', 'b', 'c']])
def test_black_and_white_masks_of_another_number_of_classes(names: list[str], tmp_path: Path) -> None:
    """Of three classes, two may not occur: 255 stays what it is."""
    masks = masks_of(tmp_path, [0, 255])
    if len(names) == 1:
        with pytest.raises(ConfigError, match=r'one class only \(one\)'):
            find_mask_classes(tmp_path, masks, classes=names)
    else:
        assert find_mask_classes(tmp_path, masks, classes=names).foreground is None


def test_another_value_of_the_object(tmp_path: Path) -> None:
    masks = masks_of(tmp_path, [0, 128], [255, 0])
    with pytest.raises(
        ConfigError, match=r'values 0, 128, which are no labels.*set foreground=128 if it is the object'
    ):
        find_mask_classes(tmp_path, masks)
    found = find_mask_classes(tmp_path, masks, foreground=128)
    assert (found.names, found.foreground) == (['background', 'object'], 128)
    with pytest.raises(DataError, match=r'0\.png has the label 128, but foreground=64 leaves 0, 64 and 255'):
        find_mask_classes(tmp_path, masks, foreground=64)
    with pytest.raises(ConfigError, match='both say what the values of masks mean'):
        find_mask_classes(tmp_path, masks, foreground=128, reduce_zero_label=True)


@pytest.mark.parametrize('values', [[0, 50, 100], [0, 38, 75, 113], [29, 76, 150], [0, 128, 254]])
def test_grey_values_are_no_labels(values: list[int], tmp_path: Path) -> None:
    """Masks saved as pictures; training would have a hundred classes of which most never occur."""
    with pytest.raises(ConfigError, match=rf'values {values[0]}, {values[1]}.*convert_masks\.py'):
        find_mask_classes(tmp_path, masks_of(tmp_path, values))


def test_labels_that_do_not_occur_are_allowed_if_named(tmp_path: Path) -> None:
    masks = masks_of(tmp_path, [0, 9])
    names = [f'n{index}' for index in range(12)]
    assert find_mask_classes(tmp_path, masks, classes=names).names == names


@pytest.mark.parametrize(('values', 'message'), [([0], r'one class only \(class_0\)'), ([255], 'nothing but 255')])
def test_nothing_to_learn(values: list[int], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        find_mask_classes(tmp_path, masks_of(tmp_path, values))


@pytest.mark.parametrize('name', ['classes.txt', 'labels.txt', 'codes.txt', 'class_names.txt'])
def test_names_from_a_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text('# in order\nnone\nrose bush\n猫\n')
    found = find_mask_classes(tmp_path, masks_of(tmp_path, [0, 1, 2]))
    assert found.names == ['none', 'rose bush', '猫']


def test_a_label_without_a_name(tmp_path: Path) -> None:
    (tmp_path / 'classes.txt').write_text('none\nrose\n')
    with pytest.raises(DataError, match=r'1\.png has the label 2, but .*classes\.txt names 2 classes, labels 0 to 1'):
        find_mask_classes(tmp_path, masks_of(tmp_path, [0, 1], [0, 2]))


def test_names_and_colours_of_cvat(tmp_path: Path) -> None:
    lines = '# label:color_rgb:parts:actions\nbackground:0,0,0::\nrose:220,50,47::\n'
    (tmp_path / 'labelmap.txt').write_text(lines)
    found = find_mask_classes(tmp_path, masks_of(tmp_path, [0, 1]))
    assert (found.names, found.palette) == (['background', 'rose'], [[0, 0, 0], [220, 50, 47]])


def test_names_of_a_table(tmp_path: Path) -> None:
    (tmp_path / '_classes.csv').write_text('Pixel Value, Class\n0, background\n1, crack\n')
    assert find_mask_classes(tmp_path, masks_of(tmp_path, [0, 1])).names == ['background', 'crack']
    (tmp_path / 'gap.csv').write_text('0,background\n2,crack\n')
    with pytest.raises(ConfigError, match=r'gap\.csv: write number,name a line, with the numbers 0, 1, 2'):
        read_class_names(tmp_path / 'gap.csv')


def test_a_named_file_wins(tmp_path: Path) -> None:
    (tmp_path / 'classes.txt').write_text('a\nb\n')
    (tmp_path / 'other.txt').write_text('c\nd\n')
    masks = masks_of(tmp_path, [0, 1])
    assert find_mask_classes(tmp_path, masks, classes='other.txt').names == ['c', 'd']
    assert find_mask_classes(tmp_path, masks, classes=str(tmp_path / 'other.txt')).names == ['c', 'd']
    with pytest.raises(ConfigError, match=r'no file of classes .*missing\.txt; write one name a line'):
        find_mask_classes(tmp_path, masks, classes='missing.txt')


@pytest.mark.parametrize(('text', 'message'), [('', 'names no class'), ('a\nb\na\n', 'names a twice')])
def test_wrong_files_of_names(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'classes.txt').write_text(text)
    with pytest.raises(ConfigError, match=message):
        find_mask_classes(tmp_path, masks_of(tmp_path, [0, 1]))


def test_colours_of_the_palette(tmp_path: Path) -> None:
    masks = masks_of(tmp_path, [0, 1, 2], [0, 255], palette=np.vstack([PALETTE, np.zeros((252, 3), np.uint8)]))
    assert find_mask_classes(tmp_path, masks).palette == PALETTE[:3].tolist()
    found = find_mask_classes(tmp_path, masks, reduce_zero_label=True)
    assert found.names == ['class_1', 'class_2'] and found.palette == PALETTE[1:3].tolist()


def test_a_palette_that_is_a_ramp_of_greys_is_none(tmp_path: Path) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)
    assert find_mask_classes(tmp_path, masks_of(tmp_path, [0, 1], palette=ramp)).palette is None


def test_palettes_that_number_the_colours_anew(tmp_path: Path) -> None:
    write_mask(tmp_path / 'a.png', labels_of(0, 2), PALETTE)
    write_mask(tmp_path / 'b.png', labels_of(1, 2), PALETTE[[0, 2]])
    with pytest.raises(DataError, match=r'index 1 has the colour .*convert the masks by their colours'):
        find_mask_classes(tmp_path, [tmp_path / 'a.png', tmp_path / 'b.png'])


def test_coloured_masks_name_the_converter(tmp_path: Path) -> None:
    path = write_mask(tmp_path / 'a.png', PALETTE[labels_of(0, 3)])
    with pytest.raises(
        DataError, match=r'has 3 channels; a mask has one, .*convert colours with tools/datasets/convert_masks'
    ):
        find_mask_classes(tmp_path, [path])


DAMAGES = {
    'text': b'no picture',
    'empty': b'',
    'truncated': None,
    'JPEG': 'is a JPEG, whose compression changes labels',
    '16 bits': 'has more than 8 bits a pixel',
}


@pytest.mark.parametrize('damage', DAMAGES)
def test_damaged_masks_are_named_before_training(damage: str, tmp_path: Path) -> None:
    masks = masks_of(tmp_path, [0, 1], [0, 1])
    whole, expected = masks[1].read_bytes(), DAMAGES[damage]
    if damage == 'JPEG':
        Image.fromarray(labels_of(0)).save(masks[1], 'JPEG')
    elif damage == '16 bits':
        Image.fromarray(labels_of(0).astype(np.uint16)).save(masks[1])
    else:
        masks[1].write_bytes(whole[:-30] if expected is None else expected)
    message = expected if isinstance(expected, str) else 'is no readable mask'
    with pytest.raises(DataError, match=rf'1\.png {message}'):
        find_mask_classes(tmp_path, masks)
