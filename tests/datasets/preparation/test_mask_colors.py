"""Coloured masks become class indices; every form in which tools write colours."""

import io
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from cft.datasets.masks import read_mask
from cft.datasets.preparation.mask_colors import convert_masks, read_mask_classes
from cft.errors import ConfigError
from tests.support.command_line import ROOT

LABELMAP = """# label:color_rgb:parts:actions
background:0,0,0::
rose:250,50,83::
void:224,224,192::
leaf:51,221,255::
"""
COLORS = np.array([[0, 0, 0], [250, 50, 83], [51, 221, 255], [224, 224, 192]], np.uint8)
EXPECTED = np.array([[0, 1, 2, 255, 0], [2, 2, 1, 0, 255], [0, 0, 0, 1, 1]], np.uint8)


def coloured() -> Image.Image:
    return Image.fromarray(COLORS[np.where(EXPECTED == 255, 3, EXPECTED)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / 'masks/part').mkdir(parents=True)
    (tmp_path / 'labelmap.txt').write_bytes(b'\xef\xbb\xbf' + LABELMAP.replace('\n', '\r\n').encode())
    return tmp_path


def convert(folder: Path, ignored: tuple = ('void',)) -> int:
    classes = read_mask_classes(folder / 'labelmap.txt')
    return convert_masks(folder / 'masks', folder / 'out', classes, ignored, Console(file=io.StringIO()))


def with_own_palette(picture: Image.Image) -> Image.Image:
    """Colours numbered by how often they occur: another order than the classes'."""
    return picture.quantize(colors=4, dither=Image.Dither.NONE)


def transparent(picture: Image.Image) -> Image.Image:
    """The background as holes of any colour."""
    pixels = np.array(picture.convert('RGBA'))
    pixels[EXPECTED == 0] = (9, 9, 9, 0)
    return Image.fromarray(pixels)


FORMS = [
    (form, file)
    for form in (lambda picture: picture, with_own_palette, transparent)
    for file in ('a.png', 'part/A.BMP', 'a.tiff')
    # Which has no transparency.
    if form is not transparent or not file.endswith('BMP')
]


@pytest.mark.parametrize(('form', 'file'), FORMS)
def test_colours_become_indices(form, file: str, folder: Path) -> None:
    form(coloured()).save(folder / 'masks' / file)
    assert convert(folder) == 1
    mask = read_mask(str((folder / 'out' / file).with_suffix('.png')))
    assert np.array_equal(mask.labels, EXPECTED)
    assert np.array_equal(mask.palette[:3], COLORS[:3])


@pytest.mark.parametrize('mode', ['1', 'L'])
def test_black_and_white(mode: str, folder: Path) -> None:
    (folder / 'labelmap.txt').write_text('none:0,0,0\nobject:255,255,255\n')
    Image.fromarray((EXPECTED == 1) * np.uint8(255)).convert(mode).save(folder / 'masks/a.png')
    convert(folder, ())
    assert np.array_equal(read_mask(str(folder / 'out/a.png')).labels, EXPECTED == 1)


def test_the_orientation_stays(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    coloured().save(folder / 'masks/a.png', exif=exif)
    convert(folder)
    mask = read_mask(str(folder / 'out/a.png'))
    assert (mask.orientation, mask.labels.shape) == (6, EXPECTED.shape)


def test_colours_of_no_class(folder: Path) -> None:
    coloured().save(folder / 'masks/a.jpg', quality=50)
    with pytest.raises(ConfigError, match=r'a\.jpg has \d+ colours of no class \(.*, \.\.\.\); add them .* lossy'):
        convert(folder)
    assert not list(folder.glob('out/*'))


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('', 'gives 0 classes'),
        ('rose\n', "'rose' is no class and colour"),
        ('rose:1,2\n', 'is no class and colour'),
        ('rose:1,2,256\n', 'is no class and colour'),
        ('rose:-1,2,25\n', 'is no class and colour'),
        (':1,2,3\n', 'is no class and colour'),
        ('rose:1,2,3\nrose:1,2,4\n', 'gives the class rose twice'),
        ('rose:1,2,3\nleaf:1,2,3\n', r'gives the colour \(1, 2, 3\) twice'),
        (''.join(f'{n}:0,0,{n}\n' for n in range(256)), 'gives 256 classes'),
    ],
)
def test_a_wrong_list(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / 'labelmap.txt').write_text(text)
    with pytest.raises(ConfigError, match=rf'labelmap\.txt.*{reason}'):
        read_mask_classes(tmp_path / 'labelmap.txt')


def test_wrong_folders(folder: Path) -> None:
    with pytest.raises(ConfigError, match='masks holds no masks'):
        convert(folder)
    coloured().save(folder / 'masks/a.png')
    with pytest.raises(ConfigError, match=r"'vod' is to be ignored, but is none of the classes"):
        convert(folder, ('vod',))
    coloured().save(folder / 'masks/a.bmp')
    with pytest.raises(ConfigError, match=r'several masks of .* would become .*out/a\.png'):
        convert(folder)
    (folder / 'masks/a.bmp').write_bytes(b'no picture')
    (folder / 'masks/a.png').unlink()
    with pytest.raises(ConfigError, match=r'a\.bmp is no readable mask'):
        convert(folder)
    Image.fromarray(EXPECTED.astype(np.uint16)).save(folder / 'masks/a.bmp', 'PNG')
    with pytest.raises(ConfigError, match=r'a\.bmp has more than 8 bits'):
        convert(folder)


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr(sys, 'argv', ['convert_masks.py', *map(str, words)])
    runpy.run_path(str(ROOT / 'tools/datasets/convert_masks.py'), run_name='__main__')


def test_the_tool(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    coloured().save(folder / 'masks/a.png')
    run(monkeypatch, folder / 'masks')
    assert sorted(capsys.readouterr().out.split('\n')[:-1]) == sorted(
        f'{",".join(map(str, color))}  in 1 masks' for color in COLORS.tolist()
    )
    options = ('--classes', folder / 'labelmap.txt', '--out', folder / 'out', '--ignored', 'void')
    run(monkeypatch, folder / 'masks', *options)
    metainfo: dict = {}
    exec(capsys.readouterr().out.split('\n')[1], metainfo)
    assert metainfo['metainfo'] == dict(classes=('background', 'rose', 'leaf'), palette=COLORS[:3].tolist())
    with pytest.raises(SystemExit, match='2'):
        run(monkeypatch, folder / 'masks', '--out', folder / 'out')
    assert 'give --classes and --out, or none' in capsys.readouterr().err
