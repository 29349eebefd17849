"""ViewAugment: every probability and strength of SCE's table 2, measured on images made for it."""

import colorsys
import random

import numpy as np
import pytest
from scipy.stats import kstest

from cft.datasets.transforms import ViewAugment, view_augment
from cft.datasets.transforms.gaussian_blur import gaussian_blur

DRAWS = 800
# Probability of jitter, its brightness, contrast, saturation and hue, probability of grey, blur, solarization.
TABLE = {
    'weak': (0, 0, 0, 0, 0, 0, 0, 0),
    'strong': (0.8, 0.4, 0.4, 0.4, 0.1, 0.2, 0.5, 0),
    'strong-alpha': (0.8, 0.4, 0.4, 0.2, 0.1, 0.2, 1, 0),
    'strong-beta': (0.8, 0.4, 0.4, 0.2, 0.1, 0.2, 0.1, 0.2),
    'strong-gamma': (0.8, 0.4, 0.4, 0.2, 0.1, 0.2, 0.5, 0.2),
    'swav': (0.8, 0.8, 0.8, 0.8, 0.2, 0.2, 0.5, 0),
}
STRONG = [name for name in TABLE if name != 'weak']


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    np.random.seed(0)
    random.seed(0)


def views_of(image: np.ndarray, distribution: str, draws: int = DRAWS) -> np.ndarray:
    """(draws, S, S, 3) views that show the whole square image: any smaller crop has no room for an aspect ratio."""
    augment = ViewAugment(distribution, len(image), crop_ratio_range=(1.0, 1.0))
    return np.stack([augment({'img': image.copy()})['img'] for _ in range(draws)]).astype(float)


def assert_share(events: np.ndarray, probability: float) -> None:
    """Within four standard deviations of the binomial share."""
    deviation = np.sqrt(probability * (1 - probability) / len(events))
    assert abs(np.mean(events) - probability) <= 4 * deviation, (np.mean(events), probability)


def assert_uniform(values: np.ndarray, low: float, high: float, rounding: float) -> None:
    """Inside the interval but for the rounding to grey levels, and evenly spread."""
    assert low - rounding <= values.min() and values.max() <= high + rounding, (values.min(), values.max())
    # Kolmogorov's bound, exceeded once in a thousand, and a little for the rounding.
    assert kstest(values, 'uniform', (low, high - low)).statistic < 1.95 / np.sqrt(len(values)) + 0.02


@pytest.mark.parametrize('distribution', TABLE)
def test_flip(distribution: str) -> None:
    image = np.zeros((24, 24, 3), np.uint8)
    image[:, :12] = 90
    views = views_of(image, distribution)
    assert_share(views[:, 12, 3].sum(axis=1) < views[:, 12, -4].sum(axis=1), 0.5)


@pytest.mark.parametrize('distribution', TABLE)
def test_brightness(distribution: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an even grey image, jitter changes only that."""
    monkeypatch.setattr(view_augment, 'solarize', lambda image: image)
    factors = views_of(np.full((4, 4, 3), 140, np.uint8), distribution)[:, 0, 0, 0] / 140
    prob, strength = TABLE[distribution][:2]
    # A factor so near to 1 that rounding hides it counts as unchanged.
    hidden = 1 / 140 / (2 * strength) if strength else 0
    assert_share(factors != 1, prob * (1 - hidden))
    if strength:
        assert_uniform(factors[factors != 1], 1 - strength, 1 + strength, rounding=1 / 140)


@pytest.mark.parametrize('distribution', STRONG)
def test_contrast(distribution: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two grey levels, the difference over the mean: brightness changes both alike."""
    monkeypatch.setattr(view_augment, 'solarize', lambda image: image)
    image = np.full((24, 24, 3), 112, np.uint8)
    image[:12] = 68
    views = views_of(image, distribution)
    low, high = views[:, 2, 0, 0], views[:, -3, 0, 0]
    # Darkened views have too few levels to measure.
    factors = ((high - low) / 44 / ((high + low) / 180))[(high + low > 100) & (high + low != 180)]
    strength = TABLE[distribution][2]
    assert_uniform(factors, 1 - strength, 1 + strength, rounding=0.06)


@pytest.mark.parametrize('distribution', STRONG)
def test_saturation_hue_and_grey(distribution: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brightness and contrast scale the spread of a colour's channels and the difference of two grey levels alike,
    saturation only the first, hue neither; the hue itself only hue turns. Grey leaves no spread.
    """
    monkeypatch.setattr(view_augment, 'solarize', lambda image: image)
    image = np.full((30, 30, 3), 75, np.uint8)
    image[:10] = 15
    image[20:] = 40, 100, 60  # blue, green, red
    views = views_of(image, distribution, draws=2 * DRAWS)
    spread = np.ptp(views[:, 25, 15], axis=1)
    assert_share(spread == 0, TABLE[distribution][5])
    coloured = views[spread > 0]
    changed = coloured[(coloured[:, 25, 15] != image[25, 15]).any(axis=1)]
    levels = changed[:, 15, 15, 0] - changed[:, 5, 15, 0]
    # Strong contrast pushes dark levels to 0, where the difference tells nothing.
    inside = (changed[:, 5, 15, 0] > 0) & (changed[:, 25, 15].min(axis=1) > 0) & (changed[:, 25, 15].max(axis=1) < 255)
    saturation = (np.ptp(changed[:, 25, 15], axis=1) / levels)[inside & (levels > 15)]
    strength, hue = TABLE[distribution][3:5]
    assert_uniform(saturation, 1 - strength, 1 + strength, rounding=0.12)
    clear = changed[inside & (np.ptp(changed[:, 25, 15], axis=1) > 40), 25, 15]
    hues = np.array([colorsys.rgb_to_hsv(red, green, blue)[0] for blue, green, red in clear])
    assert_uniform(hues - colorsys.rgb_to_hsv(60, 100, 40)[0], -hue, hue, rounding=0.02)


@pytest.mark.parametrize('distribution', TABLE)
def test_blur(distribution: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sigmas = []

    def recorded(image: np.ndarray, sigma: float) -> np.ndarray:
        sigmas.append(sigma)
        return gaussian_blur(image, sigma)

    monkeypatch.setattr(view_augment, 'gaussian_blur', recorded)
    image = np.zeros((16, 16, 3), np.uint8)
    image[:8] = 120
    views = views_of(image, distribution)
    assert_share(np.arange(DRAWS) < len(sigmas), TABLE[distribution][6])
    # Between two even halves there are more levels only if the filter's result is what comes out.
    levels = np.array([len(np.unique(view[:, 0, 0])) for view in views])
    assert (levels > 2).sum() == pytest.approx(sum(sigma > 0.3 for sigma in sigmas), abs=0.1 * len(sigmas))
    if sigmas:
        assert_uniform(np.array(sigmas), 0.1, 2.0, rounding=0)


@pytest.mark.parametrize('distribution', TABLE)
def test_solarization(distribution: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def recorded(image: np.ndarray) -> np.ndarray:
        calls.append(image)
        return np.full_like(image, 7)

    monkeypatch.setattr(view_augment, 'solarize', recorded)
    views = views_of(np.full((4, 4, 3), 250, np.uint8), distribution)
    assert len(calls) == (views == 7).all(axis=(1, 2, 3)).sum()
    assert_share(np.arange(DRAWS) < len(calls), TABLE[distribution][7])


@pytest.mark.parametrize('crop_ratio_range', [(0.2, 1.0), (0.05, 0.14), (0.086, 0.429)])
def test_area_of_the_crop(crop_ratio_range: tuple[float, float]) -> None:
    """Read from an image whose blue is the column and whose green is the row."""
    image = np.zeros((250, 250, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(250), np.arange(250)[:, None]
    augment = ViewAugment('weak', 50, crop_ratio_range=crop_ratio_range)
    areas, ratios = [], []
    for _ in range(DRAWS):
        view = augment({'img': image.copy()})['img'].astype(float)
        # 40 of the view's 50 pixels, away from its borders, where the resampling is lopsided.
        width, height = abs(view[25, 45, 0] - view[25, 5, 0]) * 50 / 40, (view[45, 25, 1] - view[5, 25, 1]) * 50 / 40
        areas.append(width * height / 250**2)
        ratios.append(width / height)
    assert crop_ratio_range[0] * 0.93 <= min(areas) and max(areas) <= crop_ratio_range[1] * 1.05
    assert 0.7 < min(ratios) < 0.8 and 1.25 < max(ratios) < 1.43
    if crop_ratio_range[1] < 0.5:
        # Nearly every aspect ratio of such areas fits into the image; larger areas are rarer than uniform.
        assert_uniform(np.array(areas), *crop_ratio_range, rounding=0.03)
