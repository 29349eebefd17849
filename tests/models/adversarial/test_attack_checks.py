"""What an attack refuses."""

import pytest
import torch
from torch import Tensor

from cft.errors import ConfigError
from cft.models.adversarial import PGD, perturb, signed_gradient_step
from tests.models.adversarial.attacked import pixels


@pytest.mark.parametrize(
    ('setting', 'message'),
    [
        ({'norm': 'l1'}, "'linf' or 'l2', got 'l1'"),
        ({'epsilon': 0}, 'epsilon of an attack must be positive and finite, in pixel values, got 0'),
        ({'epsilon': float('inf')}, 'epsilon .* got inf'),
        ({'step': -1}, 'step of an attack .* got -1'),
        ({'num_steps': 0}, 'num_steps of an attack must be a positive integer, got 0'),
        ({'num_steps': 2.0}, 'num_steps .* got 2.0'),
    ],
)
def test_refuses_settings(setting: dict, message: str) -> None:
    settings = {'norm': 'linf', 'epsilon': 4, 'step': 1, 'num_steps': 2} | setting
    with pytest.raises(ConfigError, match=message):
        PGD(**settings)
    with pytest.raises(ConfigError, match=message):
        perturb(pixels(), Tensor.sum, **settings)


@pytest.mark.parametrize(
    ('images', 'message'),
    [
        (torch.randn(4, 3, 8, 8), r'outside the pixel values \[0, 255\]: pass them before normalisation'),
        (torch.full((1, 1, 1, 1), 256.0), r'lie in \[256, 256\]'),
        (torch.full((1, 1, 1, 1), torch.nan), 'nan'),
        (torch.zeros(1, 1, 1, 1, dtype=torch.uint8), r'floating \(N, C, H, W\) images, got torch.uint8'),
        (torch.zeros(3, 8, 8), r'got torch.float32 \(3, 8, 8\)'),
    ],
    ids=['normalised', 'too bright', 'nan', 'integers', 'one image'],
)
def test_refuses_images(images: Tensor, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        signed_gradient_step(images, Tensor.sum, step=1, epsilon=1)
    with pytest.raises(ConfigError, match=message):
        PGD('l2', 1, 1, 1)(images, Tensor.sum)


def test_refuses_clean_images_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match=r'clean images \(2, 3, 4, 5\) differ in shape'):
        signed_gradient_step(pixels(4), Tensor.sum, step=1, epsilon=1, clean=pixels(2))
    with pytest.raises(ConfigError, match='outside the pixel values'):
        signed_gradient_step(pixels(4), Tensor.sum, step=1, epsilon=1, clean=pixels(4) - 255)


@pytest.mark.parametrize(
    ('loss_of', 'message'),
    [
        (lambda x: x.detach().sum(), 'no gradient in the images'),
        (lambda x: torch.ones((), requires_grad=True) * 2, 'no gradient in the images'),
        (lambda x: x.sum(dim=(1, 2, 3)), r'must return a scalar, got shape \(4,\)'),
    ],
    ids=['detached', 'of something else', 'per image'],
)
def test_refuses_losses(loss_of: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        signed_gradient_step(pixels(), loss_of, step=1, epsilon=1)
