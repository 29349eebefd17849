"""Crops: torchvision's distribution and Pillow's pixels."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import ks_2samp
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms import functional as tv

from cft.datasets.transforms.random_crop import draw_crop, resize_crop

DRAWS = 1500


@pytest.mark.parametrize('area_range', [(0.2, 1.0), (0.05, 0.14)])
@pytest.mark.parametrize('shape', [(375, 500), (40, 300)])
def test_distribution_is_torchvisions(shape: tuple[int, int], area_range: tuple[float, float]) -> None:
    """Top, left, height and width each, two samples that differ by chance alone."""
    np.random.seed(0)
    torch.manual_seed(0)
    image = torch.empty(1, *shape)
    found = np.array([draw_crop(*shape, area_range) for _ in range(DRAWS)])
    expected = np.array([RandomResizedCrop.get_params(image, area_range, [3 / 4, 4 / 3]) for _ in range(DRAWS)])
    for column in range(4):
        assert ks_2samp(found[:, column], expected[:, column]).pvalue > 1e-3


@pytest.mark.parametrize('shape', [(1, 1), (1, 50), (50, 1), (2, 3), (7, 400)])
def test_crops_of_narrow_images(shape: tuple[int, int]) -> None:
    np.random.seed(0)
    for _ in range(50):
        top, left, height, width = draw_crop(*shape, (0.2, 1.0))
        assert 0 <= top <= shape[0] - height and 0 <= left <= shape[1] - width and height > 0 < width


@pytest.mark.parametrize(
    ('box', 'size'),
    [((13, 21, 150, 180), 64), ((0, 0, 200, 220), 17), ((90, 7, 50, 40), 96), ((5, 5, 1, 1), 8), ((3, 3, 90, 1), 30)],
)
def test_pixels_are_pillows(box: tuple[int, int, int, int], size: int) -> None:
    """Shrunk with antialiasing, or enlarged; one level apart in a few values."""
    image = np.random.default_rng(0).integers(0, 256, (200, 220, 3), dtype=np.uint8)
    pillow = tv.resized_crop(Image.fromarray(image), *box, [size, size], InterpolationMode.BILINEAR)
    difference = resize_crop(image, box, size) - np.asarray(pillow).astype(int)
    assert np.abs(difference).max() <= 1 and np.abs(difference).mean() < 0.02


def test_whole_image_of_that_size_stays() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    found = resize_crop(image, (0, 0, 32, 32), 32)
    assert np.array_equal(found, image) and not np.shares_memory(found, image)
