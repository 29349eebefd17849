"""Masks of SBD and VOC as class indices."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cft.datasets.preparation.sbd import decode_sbd_mask, decode_voc_mask
from cft.errors import ConfigError
from tests.support import miniature


def test_sbd_mask_has_all_classes_and_the_ignored_index() -> None:
    indices = np.array([[*range(21), 255]] * 3, np.uint8)
    mask = decode_sbd_mask(miniature.sbd_mat(indices), 'a.mat')
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, indices)


def test_voc_mask_keeps_the_indices_of_the_palette(tmp_path: Path) -> None:
    indices = np.array([[*range(21), 255]] * 3, np.uint8)
    (tmp_path / 'a.png').write_bytes(miniature.palette_png(indices))
    with Image.open(tmp_path / 'a.png') as image:
        assert image.mode == 'P'
        assert not np.array_equal(np.array(image.convert('L')), indices)
    np.testing.assert_array_equal(decode_voc_mask(tmp_path / 'a.png'), indices)


@pytest.mark.parametrize('value', [21, 254])
def test_values_that_are_no_class_are_refused(value: int, tmp_path: Path) -> None:
    indices = np.full((4, 4), value, np.uint8)
    with pytest.raises(ConfigError, match=r'a\.mat is no mask'):
        decode_sbd_mask(miniature.sbd_mat(indices), 'a.mat')
    (tmp_path / 'a.png').write_bytes(miniature.palette_png(indices))
    with pytest.raises(ConfigError, match=r'a\.png is no mask'):
        decode_voc_mask(tmp_path / 'a.png')


def test_scores_instead_of_indices_are_refused() -> None:
    with pytest.raises(ConfigError, match=r'a\.mat is no mask'):
        decode_sbd_mask(miniature.sbd_mat(np.full((4, 4), 0.5)), 'a.mat')


def test_coloured_masks_are_refused(tmp_path: Path) -> None:
    Image.new('RGB', (4, 4)).save(tmp_path / 'a.png')
    with pytest.raises(ConfigError, match=r'a\.png holds colours'):
        decode_voc_mask(tmp_path / 'a.png')


@pytest.mark.parametrize('content', [b'', b'no matlab file', miniature.sbd_mat(np.zeros((4, 4), np.uint8))[:-40]])
def test_damaged_files_are_named(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'2008_000002\.mat is no SBD segmentation'):
        decode_sbd_mask(content, '2008_000002.mat')
    (tmp_path / '2007_000032.png').write_bytes(content)
    with pytest.raises(ConfigError, match=r'2007_000032\.png is no readable PNG'):
        decode_voc_mask(tmp_path / '2007_000032.png')


def test_png_cut_short_is_named(tmp_path: Path) -> None:
    whole = miniature.palette_png(np.random.default_rng(0).integers(0, 21, (64, 64), dtype=np.uint8))
    (tmp_path / 'a.png').write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match=r'a\.png is no readable PNG'):
        decode_voc_mask(tmp_path / 'a.png')
