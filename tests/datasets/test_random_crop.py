"""Crops: torchvision's distribution and Pillow's pixels."""

import random
from collections.abc import Callable, Iterator

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


class SameDraws:
    """One stream of numbers in [0, 1), in the place of NumPy's and of PyTorch's."""

    def __init__(self, seed: int) -> None:
        self.stream = random.Random(seed)
        self.taken = 0

    def uniform(self, low: float, high: float) -> float:
        self.taken += 1
        return low + (high - low) * self.stream.random()

    def fill(self) -> Callable[[torch.Tensor, float, float], torch.Tensor]:
        """What takes the place of a method of tensors."""
        return lambda values, low, high: values.fill_(self.uniform(float(low), float(high)))

    def integer(self, stop: int) -> int:
        return int(self.stream.random() * stop)

    def integers(self, low: int, stop: int, size: tuple[int]) -> torch.Tensor:
        assert low == 0 and size == (1,)
        return torch.tensor([self.integer(stop)])


@pytest.fixture
def double_precision() -> Iterator[None]:
    """Of torchvision's draws, as ours have it."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize('area_range', [(0.2, 1.0), (0.05, 0.14), (0.9, 1.0), (1.0, 1.0)])
@pytest.mark.usefixtures('double_precision')
def test_boxes_are_torchvisions_given_the_same_draws(
    area_range: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of any shape, wide, tall and tiny; where no draw fits as well, the largest part around the centre."""
    shapes = np.exp(np.random.default_rng(0).uniform(0, np.log(700), (1500, 2))).astype(int).tolist()
    shapes += [(1, 700), (700, 1), (3, 4), (4, 3), (1, 1), (300, 400), (301, 400), (400, 300), (401, 300)]
    without_fit = 0
    for seed, (height, width) in enumerate(shapes):
        ours, theirs = SameDraws(seed), SameDraws(seed)
        with monkeypatch.context() as patch:
            patch.setattr(np.random, 'uniform', ours.uniform)
            patch.setattr(np.random, 'randint', ours.integer)
            found = draw_crop(height, width, area_range)
        with monkeypatch.context() as patch:
            patch.setattr(torch.Tensor, 'uniform_', theirs.fill())
            patch.setattr(torch, 'randint', theirs.integers)
            image = torch.empty(1, height, width)
            expected = RandomResizedCrop.get_params(image, area_range, [3 / 4, 4 / 3])
        assert found == tuple(expected), (height, width)
        without_fit += ours.taken == 20 and not 3 / 4 <= width / height <= 4 / 3
    assert without_fit >= (300 if area_range[0] > 0.5 else 20)


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
