"""Lists as editors save them, read by every reader of lists."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cft.datasets.imagenet_subset import read_class_list
from cft.datasets.listed_files import find_listed
from cft.datasets.preparation.text_lists import read_lines
from cft.datasets.preparation.voc_splits import read_names
from cft.errors import ConfigError
from tests.datasets.voc_folder import write_image

NAMES = ['2007_000027', 'größe', '画像']
ENCODINGS = ['utf-8', 'utf-8-sig', 'utf-16', 'utf-16-be with mark', 'utf-32']
ENDS = ['\n', '\r\n', '\r']


def encode(text: str, encoding: str) -> bytes:
    if encoding.endswith('with mark'):
        return ('\ufeff' + text).encode(encoding.split()[0])
    return text.encode(encoding)


@pytest.mark.parametrize('encoding', ENCODINGS)
@pytest.mark.parametrize('end', ENDS)
@pytest.mark.parametrize('read', [read_lines, read_class_list, read_names])
def test_what_an_editor_makes_of_a_list(read: Callable, end: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / 'list.txt'
    path.write_bytes(encode(end.join(['', NAMES[0], ' ', *(f' {name}\t' for name in NAMES[1:]), '', '']), encoding))
    assert read(path) == NAMES


@pytest.mark.parametrize('content', ['größe'.encode('latin-1'), 'rose'.encode('utf-16-le'), b'\xff\xfea'])
def test_what_is_no_text_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / 'list.txt'
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r'list\.txt is no UTF-8 text; save it as one'):
        read_lines(path)


@pytest.mark.parametrize(
    ('file', 'suffix'),
    [
        ('a.jpg', '.jpg'),
        ('a.JPG', '.jpg'),
        ('a.png', '.jpg'),
        ('a.JPEG', '.jpg'),
        ('a_mask.png', '_mask.png'),
        ('a_mask.PNG', '_mask.png'),
    ],
)
def test_a_listed_name_is_found_with_its_suffix(file: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / 'part.1' / file
    write_image(path)
    (tmp_path / 'part.1' / 'a.txt').touch()
    assert find_listed(tmp_path, ['part.1/a'], suffix, 'images') == [str(path)]


def test_the_suffix_asked_for_goes_first(tmp_path: Path) -> None:
    """An image and its mask may lie side by side; two images of the same rank may not."""
    for file in ('a.jpg', 'a.png', 'b.jpeg', 'b.bmp'):
        write_image(tmp_path / file)
    assert find_listed(tmp_path, ['a'], '.png', 'masks') == [str(tmp_path / 'a.png')]
    with pytest.raises(ConfigError, match=r"b may be any of \['b\.bmp', 'b\.jpeg'\]; leave one of them there"):
        find_listed(tmp_path, ['a', 'b'], '.jpg', 'images')


def test_missing_files_are_counted(tmp_path: Path) -> None:
    write_image(tmp_path / 'a.jpg')
    with pytest.raises(ConfigError, match=r'^2 of 3 images are missing: .*/b\.jpg, .*none/c\.jpg$'):
        find_listed(tmp_path, ['a', 'b', 'none/c'], '.jpg', 'images')
