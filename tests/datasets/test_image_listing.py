"""Which files of a folder are images: suffixes, links, names, and what is left out."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cft.apis.running.data_digest import digest_data
from cft.datasets import DomainFolder, ImageFolder
from cft.datasets.image_decoding import SUFFIXES
from cft.datasets.image_errors import guard_images
from cft.datasets.image_listing import list_images
from cft.datasets.sample_infos import image_files
from cft.errors import ConfigError, DataError
from tests.support.pixel_files import saved

PICTURE = Image.fromarray(np.full((4, 4, 3), 90, np.uint8))
LOAD = [dict(type='cft.LoadImage')]
PACK = [*LOAD, dict(type='PackInputs', meta_keys=['domain'])]


def touch(path: Path, content: bytes = b'') -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content or saved(PICTURE, 'PNG'))
    return path


WRITTEN = {
    '.jfif': 'JPEG', '.jpe': 'JPEG', '.gif': 'GIF', '.jp2': 'JPEG2000', '.j2k': 'JPEG2000', '.avif': 'AVIF',
    '.TIFF': 'TIFF', '.pbm': 'PPM', '.pnm': 'PPM', '.dib': 'DIB', '.apng': 'PNG', '.sgi': 'SGI', '.pcx': 'PCX',
    '.qoi': 'QOI', '.dds': 'DDS', '.ico': 'ICO', '.webp': 'WEBP', '.mpo': 'MPO',
}  # fmt: skip


@pytest.mark.parametrize('suffix', WRITTEN)
def test_what_the_decoder_reads_is_listed_and_read(suffix: str, tmp_path: Path) -> None:
    kind = WRITTEN[suffix]
    if kind not in Image.SAVE and (Image.init() is None and kind not in Image.SAVE):
        pytest.skip(f'this Pillow writes no {kind}')
    for name in 'ab':
        for index in range(2):
            touch(tmp_path / name / f'{index}{suffix}', saved(PICTURE.resize((32, 32)), kind))
    dataset = ImageFolder(str(tmp_path), val_fraction=0.5, serialize_data=False, pipeline=LOAD)
    pixels = dataset[0]['img']
    assert len(dataset) == 2 and pixels.shape == (32, 32, 3) and np.abs(pixels.astype(int) - 90).max() <= 3


def test_suffixes_are_small_letters_with_a_dot() -> None:
    assert all(suffix == suffix.lower() and suffix.startswith('.') for suffix in SUFFIXES)
    assert len(set(SUFFIXES)) == len(SUFFIXES)


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    """Also where links lead in circles, or twice to the same place."""
    touch(tmp_path / 'elsewhere' / 'deep' / '1.png')
    touch(tmp_path / 'class' / '0.png')
    (tmp_path / 'class' / 'more').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'class' / 'again').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'class' / 'self').symlink_to(tmp_path / 'class')
    (tmp_path / 'elsewhere' / 'deep' / 'up').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'class' / '2.png').symlink_to(tmp_path / 'elsewhere' / 'deep' / '1.png')
    images, left_out = list_images(tmp_path / 'class')
    assert [str(path.relative_to(tmp_path / 'class')) for path in images] == ['0.png', '2.png', 'again/deep/1.png']
    assert not left_out


def test_a_class_may_be_a_link(tmp_path: Path) -> None:
    for index in range(4):
        touch(tmp_path / 'store' / 'x' / f'{index}.png')
        touch(tmp_path / 'data' / 'b' / f'{index}.png')
    (tmp_path / 'data' / 'a').symlink_to(tmp_path / 'store' / 'x')
    assert ImageFolder(str(tmp_path / 'data'), val_fraction=0.25).metainfo['classes'] == ('a', 'b')
    assert len(ImageFolder(str(tmp_path / 'data'), val_fraction=0.25)) == 6


def test_what_is_left_out_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for name in 'ab':
        touch(tmp_path / 'train' / name / '1.png')
        for other in ('1.xml', '2.XML', 'notes'):
            touch(tmp_path / 'train' / name / other)
        touch(tmp_path / 'train' / name / '.hidden')
        (tmp_path / 'train' / name / 'gone.jpg').symlink_to(tmp_path / 'nowhere')
    touch(tmp_path / 'train' / 'loose.png')
    assert list_images(tmp_path / 'train' / 'a')[1] == Counter(
        {'.xml': 2, 'without a suffix': 1, '.jpg that lead nowhere': 1}
    )
    touch(tmp_path / 'val' / 'a' / '1.png')
    ImageFolder(str(tmp_path))
    output = capsys.readouterr()
    text = output.out + output.err
    assert f'{tmp_path / "train"}: left out what is no image: 4 .xml' in text
    assert '2 without a suffix' in text and '2 .jpg that lead nowhere' in text
    assert f'{tmp_path / "train"}: left out files outside of the class folders: 1 .png' in text


def test_a_class_without_images_says_what_it_has(tmp_path: Path) -> None:
    touch(tmp_path / 'a' / '1.png')
    touch(tmp_path / 'b' / '1.dcm')
    with pytest.raises(ConfigError, match=r'class folder .*/b holds no image \(.*\) but 1 \.dcm; fill it or remove it'):
        ImageFolder(str(tmp_path))


def test_folders_that_are_only_linked_are_no_circle_for_domains(tmp_path: Path) -> None:
    for domain in ('one', 'two'):
        for name in 'ab':
            for index in range(5):
                touch(tmp_path / 'store' / domain / name / f'{index}.png')
            (tmp_path / 'data' / domain).mkdir(parents=True, exist_ok=True)
            (tmp_path / 'data' / domain / name).symlink_to(tmp_path / 'store' / domain / name)
    assert len(DomainFolder(str(tmp_path / 'data'), 'two', split='test', pipeline=PACK)) == 10


NAMES = [b'with blanks', b'[brackets] (and) {braces}', b'a,comma=and;signs', b'2024', 'Größe 猫'.encode(),
         b'latin-\xe9', b"quote's", b'*?', b'-dash', b'100%s {0}']  # fmt: skip


@pytest.mark.parametrize('name', NAMES, ids=[repr(name) for name in NAMES])
def test_names(name: bytes, tmp_path: Path) -> None:
    """Of the folder, a class and the files: listed, read, digested, and named in an error that every terminal takes."""
    text = os.fsdecode(name)
    root = tmp_path / text
    for other in (text, 'other'):
        for index in range(4):
            touch(root / other / f'{text}{index}.png')
    dataset = ImageFolder(str(root), val_fraction=0.25, serialize_data=False, pipeline=LOAD)
    guard_images(dataset)
    assert sorted(dataset.metainfo['classes']) == sorted([text, 'other']) and len(dataset) == 6
    assert dataset[0]['img'].shape == (4, 4, 3)
    assert digest_data(dataset)['samples'] == 6
    Path(image_files(dataset)[0]).write_bytes(b'')
    with pytest.raises(DataError, match='is empty') as error:
        dataset[0]
    assert str(error.value).encode()
