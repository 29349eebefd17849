"""mmpretrain's inference sees the pixels that training saw, or says why not."""

from pathlib import Path

import numpy as np
import pytest
from mmpretrain.apis import feature_extractor, image_classification
from PIL import Image

from cft.compat.image_reading import READING_MODULES, read_shown
from cft.datasets.transforms import LoadImage
from cft.errors import DataError
from tests.support.pixel_files import GREY, RGBA, png

RNG = np.random.default_rng(0)


def test_both_modules_are_served() -> None:
    assert {image_classification.__name__, feature_extractor.__name__} == set(READING_MODULES)
    assert image_classification.imread is feature_extractor.imread is read_shown


@pytest.mark.parametrize('kind', ['transparent', 'cmyk', 'plain'])
def test_files_are_read_as_in_training(kind: str, tmp_path: Path) -> None:
    path = tmp_path / 'image'
    if kind == 'cmyk':
        Image.fromarray(RNG.integers(0, 256, (16, 16, 4), dtype=np.uint8), 'CMYK').save(path, 'TIFF')
    elif kind == 'transparent':
        path.write_bytes(png(RNG.integers(0, 256, (5, 7, 4), dtype=np.uint8), RGBA))
    else:
        Image.fromarray(RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path, 'JPEG')
    assert np.array_equal(image_classification.imread(str(path)), LoadImage()({'img_path': str(path)})['img'])


def test_deep_files_are_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / 'xray.png'
    path.write_bytes(png(RNG.integers(0, 4096, (5, 7)).astype(np.uint16), GREY))
    with pytest.raises(DataError, match=r'xray\.png has more than 8 bits .*use cft\.apis\.predict'):
        image_classification.imread(path)


def test_arrays_stay() -> None:
    array = np.zeros((2, 3, 3), np.uint8)
    assert read_shown(array) is array
