"""GaussianNoise: its strength, its range and its type."""

import numpy as np
import pytest
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS

from cft.datasets.transforms import GaussianNoise


@pytest.fixture(autouse=True)
def fixed_numpy_seed() -> None:
    np.random.seed(0)


def noise_of(transform: GaussianNoise, image: np.ndarray) -> np.ndarray:
    return transform({'img': image.copy()})['img'].astype(float) - image


def test_equals_the_formula() -> None:
    """Standard normal values times a standard deviation from [0, max_std], drawn in this order, rounded."""
    image = np.random.randint(0, 256, (5, 7, 3), dtype=np.uint8)
    np.random.seed(1)
    found = GaussianNoise(max_std=40)({'img': image})['img']
    np.random.seed(1)
    np.random.rand()
    normal = np.random.standard_normal((5, 7))
    std = np.random.uniform(0, 40)
    for channel in range(3):
        expected = np.clip(np.round(image[..., channel] + normal * std), 0, 255)
        assert np.array_equal(found[..., channel], expected)
    assert (found.shape, found.dtype) == (image.shape, np.uint8)


def test_strength_is_uniform_up_to_the_maximum() -> None:
    """Over 500 draws the measured deviations fill [0, 20] evenly; rounding adds 1/12 to the variance."""
    image = np.full((64, 64, 3), 128, np.uint8)
    stds = np.sort([noise_of(GaussianNoise(20), image)[..., 0].std() for _ in range(500)])
    assert stds[-1] < 20.7
    assert np.abs(stds - 20 * (np.arange(500) + 0.5) / 500).max() < 20 * 1.63 / np.sqrt(500)


def test_all_channels_get_the_same_noise() -> None:
    """A grey image stays grey, with zero mean noise that differs from pixel to pixel."""
    noise = noise_of(GaussianNoise(30), np.full((100, 100, 3), 128, np.uint8))
    assert (noise == noise[..., :1]).all()
    assert len(np.unique(noise)) > 20
    assert abs(noise.mean()) < 4 * noise.std() / 100


@pytest.mark.parametrize('value', [0, 255])
def test_clips_instead_of_wrapping(value: int) -> None:
    """Black stays near black and white near white."""
    image = np.full((32, 32, 3), value, np.uint8)
    found = GaussianNoise(30)({'img': image})['img'].astype(int)
    assert (found == value).mean() > 0.4
    assert 1 < np.abs(found - value).max() < 128


def test_one_channel_image_without_a_channel_axis() -> None:
    """mmcv reads a greyscale file as (H, W): it keeps that shape."""
    image = np.full((6, 9), 128, np.uint8)
    found = GaussianNoise(30)({'img': image})['img']
    assert found.shape == (6, 9)
    assert (found != 128).any()


@pytest.mark.parametrize('prob', [0.0, 0.25, 1.0])
def test_probability(prob: float) -> None:
    """The share of changed images; 0 is never, 1 is always."""
    image = np.full((16, 16, 3), 128, np.uint8)
    # So strong that the deviation drawn is never too small to see.
    changed = np.mean([noise_of(GaussianNoise(1e5, prob=prob), image).any() for _ in range(400)])
    assert abs(changed - prob) <= 4 * np.sqrt(prob * (1 - prob) / 400)


def test_other_results_and_the_input_stay() -> None:
    """Only ``img`` is replaced; the array given is not written to."""
    image = np.full((4, 4, 3), 128, np.uint8)
    results = MMENGINE_TRANSFORMS.build({'type': 'cft.GaussianNoise', 'max_std': 50})({'img': image, 'gt_label': 3})
    assert results['gt_label'] == 3
    assert (image == 128).all()
    assert (results['img'] != 128).any()
