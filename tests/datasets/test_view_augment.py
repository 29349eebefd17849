"""ViewAugment: equal to torchvision's operators under the same draws, and the images that it takes."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmpretrain.datasets.transforms import PackInputs
from PIL import Image, ImageFilter, ImageOps
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as tv

from cft.datasets.transforms import ViewAugment, view_augment
from cft.errors import ConfigError

# SCE, table 2, and the colour distortion of SwAV's released code: brightness, contrast, saturation, hue, probabilities.
STRENGTHS = {
    'weak': None,
    'strong': (0.4, 0.4, 0.4, 0.1),
    'strong-alpha': (0.4, 0.4, 0.2, 0.1),
    'strong-beta': (0.4, 0.4, 0.2, 0.1),
    'strong-gamma': (0.4, 0.4, 0.2, 0.1),
    'swav': (0.8, 0.8, 0.8, 0.2),
}
BLUR_PROBS = {'weak': 0, 'strong': 0.5, 'strong-alpha': 1, 'strong-beta': 0.1, 'strong-gamma': 0.5, 'swav': 0.5}
SOLARIZE_PROBS = {'strong-beta': 0.2, 'strong-gamma': 0.2}


SIZE = 32


def set_seed(seed: int) -> None:
    np.random.seed(seed)
    random.seed(seed)


def view_of(image: np.ndarray, distribution: str, seed: int, size: int = SIZE, **options: object) -> np.ndarray:
    augment = ViewAugment(distribution, size, **options)
    set_seed(seed)
    return augment({'img': image.copy()})['img']


def draw_crop(height: int, width: int) -> tuple[int, int, int, int]:
    """Top, left, height and width: up to ten tries, then as much as the aspect ratio allows."""
    for _ in range(10):
        area = np.random.uniform(0.2, 1.0) * height * width
        ratio = np.exp(np.random.uniform(np.log(3 / 4), np.log(4 / 3)))
        crop_width, crop_height = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
        if crop_width <= width and crop_height <= height:
            return (
                np.random.randint(height - crop_height + 1),
                np.random.randint(width - crop_width + 1),
                crop_height,
                crop_width,
            )
    raise AssertionError('the images of these tests have a possible crop')


def draw_steps(height: int, width: int, distribution: str, seed: int) -> list[tuple]:
    """The steps of a view with their arguments, drawn in their order."""
    set_seed(seed)
    steps: list[tuple] = [('crop', draw_crop(height, width), SIZE), ('flip', np.random.rand() < 0.5)]
    if distribution != 'weak':
        strengths = STRENGTHS[distribution]
        if np.random.rand() < 0.8:
            order = np.random.permutation(4)
            factors = [np.random.uniform(1 - strength, 1 + strength) for strength in strengths[:3]]
            factors.append(np.random.uniform(-strengths[3], strengths[3]))
            steps += [(['brightness', 'contrast', 'saturation', 'hue'][index], factors[index]) for index in order]
        if random.random() < 0.2:
            steps.append(('grey',))
        if np.random.rand() < BLUR_PROBS[distribution]:
            steps.append(('blur', 0.1 + 1.9 * np.random.rand()))
        if distribution in SOLARIZE_PROBS and np.random.rand() < SOLARIZE_PROBS[distribution]:
            steps.append(('solarize',))
    return steps


# Each on a red-green-blue Pillow image.
REFERENCES = {
    'crop': lambda view, box, size: tv.resized_crop(view, *box, [size, size], InterpolationMode.BILINEAR),
    'brightness': tv.adjust_brightness,
    'contrast': tv.adjust_contrast,
    'saturation': tv.adjust_saturation,
    'hue': tv.adjust_hue,
    'grey': lambda view: tv.to_grayscale(view, num_output_channels=3),
    'blur': lambda view, sigma: view.filter(ImageFilter.GaussianBlur(sigma)),
    'solarize': lambda view: ImageOps.solarize(view, 128),
}


def by_torchvision(image: np.ndarray, step: str, *arguments: object) -> np.ndarray:
    changed = REFERENCES[step](Image.fromarray(np.ascontiguousarray(image[..., ::-1])), *arguments)
    return np.asarray(changed)[..., ::-1].astype(int)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What views went through from now on: step, arguments, image before and after."""
    steps = []

    def recorded(name: str, function: Callable) -> Callable:
        def step(image: np.ndarray, *arguments: object) -> np.ndarray:
            changed = function(image, *arguments)
            steps.append((name, arguments, image, changed))
            return changed

        return step

    for name, function in (('crop', 'resize_crop'), ('grey', 'to_grey'), ('blur', 'gaussian_blur')):
        monkeypatch.setattr(view_augment, function, recorded(name, getattr(view_augment, function)))
    monkeypatch.setattr(view_augment, 'solarize', recorded('solarize', view_augment.solarize))
    names = ('brightness', 'contrast', 'saturation', 'hue')
    jitter = tuple(recorded(*step) for step in zip(names, view_augment.JITTER, strict=True))
    monkeypatch.setattr(view_augment, 'JITTER', jitter)
    return steps


@pytest.mark.parametrize('distribution', STRENGTHS)
def test_equals_torchvision_on_the_same_draws(distribution: str, done: list[tuple]) -> None:
    """Each step has the drawn arguments, begins with what the one before it made, and is at most one level from
    torchvision's on the same image: where half a level or a whole one comes out, the two may round apart.
    """
    image = np.random.default_rng(0).integers(0, 256, (40, 52, 3), dtype=np.uint8)
    # Without smoothing, single pixels hide what is done to colours.
    image = np.asarray(Image.fromarray(image).filter(ImageFilter.BoxBlur(3)))
    image = np.clip((image.astype(int) - 128) * 5 + 128, 0, 255).astype(np.uint8)
    for seed in range(60):
        done.clear()
        found = view_of(image, distribution, seed)
        crop, (_, flipped), *others = draw_steps(*image.shape[:2], distribution, seed)
        current = image
        for (name, arguments, before, after), (drawn, *wanted) in zip(done, [crop, *others], strict=True):
            assert (name, list(arguments)) == (drawn, wanted), seed
            assert np.array_equal(before, current), seed
            assert np.abs(after - by_torchvision(before, name, *wanted)).max() <= 1, seed
            current = after[:, ::-1] if name == 'crop' and flipped else after
        assert np.array_equal(found, current), seed


def test_seed_decides() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    views = [view_of(image, 'strong-gamma', seed) for seed in (3, 3, 4)]
    assert np.array_equal(views[0], views[1])
    assert not np.array_equal(views[0], views[2])


@pytest.mark.parametrize('distribution', STRENGTHS)
def test_grey_image_stays_grey(distribution: str) -> None:
    """As (H, W), as (H, W, 1) and as three equal channels it is the same image."""
    grey = np.random.default_rng(0).integers(0, 256, (40, 52), dtype=np.uint8)
    for seed in range(20):
        views = [
            view_of(image, distribution, seed)
            for image in (grey, grey[..., None], np.repeat(grey[..., None], 3, axis=2))
        ]
        assert all(np.array_equal(view, views[0]) for view in views)
        assert views[0].shape == (32, 32, 3)
        assert (views[0] == views[0][..., :1]).all()


@pytest.mark.parametrize('shape', [(1, 1), (1, 9), (9, 1), (2, 3), (300, 2)])
@pytest.mark.parametrize('distribution', ['weak', 'strong-gamma', 'swav'])
def test_tiny_and_narrow_images(shape: tuple[int, int], distribution: str) -> None:
    image = np.full((*shape, 3), 200, np.uint8)
    for seed in range(20):
        size = (7, 1)[seed % 2]
        view = view_of(image, distribution, seed, size)
        assert (view.shape, view.dtype) == ((size, size, 3), np.uint8)
        # Nothing but the one value, though changed, can be in a view of an even image.
        assert (view == view[0, 0]).all()


@pytest.mark.parametrize('distribution', STRENGTHS)
def test_view_goes_into_a_batch(distribution: str) -> None:
    """Registered under its name, and packed to a tensor with all other entries kept."""
    augment = MMENGINE_TRANSFORMS.build(dict(type='cft.ViewAugment', distribution=distribution, size=24))
    image = np.random.default_rng(0).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    for seed in range(10):
        set_seed(seed)
        packed = PackInputs()(augment({'img': image.copy(), 'gt_label': 3, 'sample_idx': 5}))
        assert tuple(packed['inputs'].shape) == (3, 24, 24)
        assert str(packed['inputs'].dtype) == 'torch.uint8'
        assert (int(packed['data_samples'].gt_label), packed['data_samples'].sample_idx) == (3, 5)
        assert packed['data_samples'].img_shape == (24, 24)


def test_printed_form_says_what_it_does() -> None:
    text = repr(ViewAugment('strong-beta', 96, crop_ratio_range=(0.05, 0.14)))
    assert text == "ViewAugment(distribution='strong-beta', size=96, crop_ratio_range=(0.05, 0.14))"


def test_unknown_distribution_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'strongalpha'.*'weak', 'strong', 'strong-alpha', 'strong-beta'"):
        ViewAugment('strongalpha', 32)


@pytest.mark.parametrize('size', [0, -3])
def test_size_without_pixels(size: int) -> None:
    with pytest.raises(ConfigError, match=rf'size must be at least 1 pixel, got {size}'):
        ViewAugment('weak', size)


@pytest.mark.parametrize('crop_ratio_range', [(0.0, 1.0), (0.9, 0.2), (0.2, 1.1)])
def test_impossible_crop(crop_ratio_range: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match='crop_ratio_range must be 0 < min <= max <= 1'):
        ViewAugment('weak', 32, crop_ratio_range=crop_ratio_range)


@pytest.mark.parametrize(
    'image', [np.zeros((8, 8, 3), np.float32), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8), np.uint16)]
)
def test_image_of_another_kind(image: np.ndarray) -> None:
    with pytest.raises(ConfigError, match=rf'uint8 images of 3 channels or 1, got {image.dtype} \({image.shape[0]}, 8'):
        ViewAugment('weak', 4)({'img': image})
