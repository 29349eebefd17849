"""mmcv's RoIAlign against a plain loop over samples, whether its operators are compiled or cft's."""

import itertools
import math
from importlib import import_module

import pytest
import torch
from torch import Tensor

import cft  # noqa: F401 - serves the operators where mmcv has none

ops = import_module('mmcv.ops')


def bilinear(image: Tensor, y: float, x: float) -> Tensor:
    """Value of a (C, H, W) map between pixels; 0 beyond one pixel outside, the border's value up to there."""
    height, width = image.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return image.new_zeros(len(image))
    y, x = min(max(y, 0.0), height - 1), min(max(x, 0.0), width - 1)
    y0, x0 = min(int(y), max(height - 2, 0)), min(int(x), max(width - 2, 0))
    y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
    upper = image[:, y0, x0] * (1 - (x - x0)) + image[:, y0, x1] * (x - x0)
    lower = image[:, y1, x0] * (1 - (x - x0)) + image[:, y1, x1] * (x - x0)
    return upper * (1 - (y - y0)) + lower * (y - y0)


def pooled(features: Tensor, rois: Tensor, size: tuple[int, int], scale: float, ratio: int, aligned: bool) -> Tensor:
    """RoIAlign (Mask R-CNN, section 3) bin by bin and sample by sample."""
    rows = []
    for image, *corners in rois.tolist():
        shift = 0.5 if aligned else 0.0
        x1, y1, x2, y2 = (corner * scale - shift for corner in corners)
        width, height = x2 - x1, y2 - y1
        if not aligned:
            width, height = max(width, 1.0), max(height, 1.0)
        bin_height, bin_width = height / size[0], width / size[1]
        down = ratio or math.ceil(bin_height)
        across = ratio or math.ceil(bin_width)
        for row, column in itertools.product(range(size[0]), range(size[1])):
            samples = [
                bilinear(
                    features[int(image)],
                    y1 + (row + (i + 0.5) / down) * bin_height,
                    x1 + (column + (j + 0.5) / across) * bin_width,
                )
                for i in range(down)
                for j in range(across)
            ]
            rows.append(sum(samples, features.new_zeros(features.shape[1])) / max(len(samples), 1))
    if not rows:
        return features.sum() * features.new_zeros(0, features.shape[1], *size)
    return torch.stack(rows).view(len(rois), *size, -1).permute(0, 3, 1, 2)


# Image, x1, y1, x2, y2 in pixels of an image of 28 x 20: inside, over each border, outside, whole, tiny, empty.
ROIS = torch.tensor(
    [
        [0, 3, 2, 17, 13],
        [1, -6, -4, 9, 8],
        [1, 20, 10, 40, 31],
        [0, 60, 60, 80, 80],
        [2, 0, 0, 28, 20],
        [0, 5.3, 6.1, 5.9, 6.4],
        [2, 7, 7, 7, 7],
    ],
    dtype=torch.float64,
)


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
@pytest.mark.parametrize('scale', [0.25, 0.5])
@pytest.mark.parametrize('rois', [ROIS, ROIS[:0]], ids=['rois', 'none'])
def test_roi_align_value_and_gradient(rois: Tensor, scale: float, ratio: int, aligned: bool) -> None:
    """Three images, bins higher than wide; the gradient of a random projection."""
    features = torch.randn(3, 2, int(20 * scale), int(28 * scale), dtype=torch.float64, requires_grad=True)
    output = ops.roi_align(features, rois, (3, 2), scale, ratio, 'avg', aligned)
    expected = pooled(features, rois, (3, 2), scale, ratio, aligned)
    torch.testing.assert_close(output, expected, rtol=1e-10, atol=1e-12)
    direction = torch.randn_like(output)
    (gradient,) = torch.autograd.grad((output * direction).sum(), features)
    (expected_gradient,) = torch.autograd.grad((expected * direction).sum(), features)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-10, atol=1e-12)
    assert (len(rois) > 0) == bool(gradient.any())


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
def test_roi_align_gradcheck(ratio: int, aligned: bool) -> None:
    features = torch.randn(3, 1, 5, 7, dtype=torch.float64, requires_grad=True)
    layer = ops.RoIAlign((2, 2), spatial_scale=0.25, sampling_ratio=ratio, aligned=aligned)
    assert torch.autograd.gradcheck(lambda maps: layer(maps, ROIS), (features,))


def test_the_layer_is_the_function() -> None:
    features, rois = torch.randn(3, 2, 10, 14), ROIS.float()
    layer = ops.RoIAlign(output_size=4, spatial_scale=0.5, sampling_ratio=2)
    assert torch.equal(layer(features, rois), ops.roi_align(features, rois, (4, 4), 0.5, 2, 'avg', True))


def test_gradient_of_a_transposed_output() -> None:
    """What follows may hand back a gradient that is not contiguous."""
    features = torch.randn(3, 2, 10, 14, requires_grad=True)
    output = ops.RoIAlign(4, spatial_scale=0.5)(features, ROIS.float())
    direction = torch.randn(4, 4, 2, len(ROIS))
    (gradient,) = torch.autograd.grad((output.permute(3, 2, 1, 0) * direction).sum(), features)
    twin = features.detach().double().requires_grad_()
    expected = pooled(twin, ROIS, (4, 4), 0.5, 0, True)
    (expected_gradient,) = torch.autograd.grad((expected.permute(3, 2, 1, 0) * direction).sum(), twin)
    torch.testing.assert_close(gradient.double(), expected_gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('dtype', [torch.float16, torch.float64])
def test_types_of_features_and_rois_may_differ(dtype: torch.dtype) -> None:
    """Mixed precision halves the features and leaves the boxes; the result has the features' type."""
    features = torch.randn(3, 2, 10, 14).to(dtype).requires_grad_()
    output = ops.RoIAlign(4, spatial_scale=0.5, sampling_ratio=2)(features, ROIS.float())
    expected = pooled(features.detach().double(), ROIS, (4, 4), 0.5, 2, True)
    assert output.dtype == dtype
    torch.testing.assert_close(output.double(), expected, rtol=5e-3, atol=5e-3)
    output.sum().backward()
    assert features.grad.dtype == dtype
    assert features.grad.isfinite().all()
