"""Attacks on pixels: steps, bounds, and what they leave alone."""

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS
from torch import Tensor

from cft.models.adversarial import PGD, perturb, signed_gradient_step
from tests.models.adversarial.attacked import LABELS, cross_entropy, network, pixels

ATTACKS = {'linf': {'norm': 'linf', 'epsilon': 4, 'step': 1.5}, 'l2': {'norm': 'l2', 'epsilon': 20, 'step': 7}}


def step_by_hand(clean: Tensor, moved: Tensor, gradient: Tensor, norm: str, epsilon: float, step: float) -> Tensor:
    """One step on one image, pixel by pixel."""
    change = torch.zeros_like(clean)
    for place in torch.cartesian_prod(*(torch.arange(size) for size in clean.shape)).tolist():
        place = tuple(place)
        slope = float(gradient[place])
        move = step * ((slope > 0) - (slope < 0)) if norm == 'linf' else step * slope / float(gradient.norm())
        change[place] = float(moved[place]) + move - float(clean[place])
        if norm == 'linf':
            change[place] = max(-epsilon, min(epsilon, float(change[place])))
    if norm == 'l2' and float(change.norm()) > epsilon:
        change *= epsilon / float(change.norm())
    return torch.tensor([max(0.0, min(255.0, float(v))) for v in (clean + change).flatten()]).double().view_as(clean)


@pytest.mark.parametrize('norm', ATTACKS)
def test_steps_are_those_of_a_loop_over_pixels(norm: str) -> None:
    """Five steps that reach the ball and the range, each image on its own with its own gradient."""
    model, attack = network().double(), ATTACKS[norm]
    clean = pixels()
    clean[0, :, :2], clean[1, 0] = 0.0, 255.0
    expected = []
    for image, label in zip(clean, LABELS, strict=True):
        moved = image
        for _ in range(5):
            leaf = moved.clone().requires_grad_()
            cross_entropy(model, leaf[None], label[None]).backward()
            moved = step_by_hand(image, moved, leaf.grad, **attack)
        expected.append(moved)
    result = perturb(clean, lambda x: cross_entropy(model, x), **attack, num_steps=5, random_start=False)
    torch.testing.assert_close(result, torch.stack(expected), rtol=0, atol=1e-4)


def test_a_signed_step_raises_a_linear_loss_by_its_l1_norm() -> None:
    """Nothing is clipped here: loss(x + step * sign(w)) - loss(x) = step * |w|_1."""
    weights, images = torch.randn(3, 4, 5).double(), pixels(low=10, high=245)
    moved = signed_gradient_step(images, lambda x: (x * weights).sum() / 4, step=2, epsilon=3)
    rise = ((moved - images) * weights).sum() / 4
    assert rise.item() == pytest.approx(2 * weights.abs().sum().item(), rel=1e-12)


@pytest.mark.parametrize(('norm', 'order'), [('linf', 1), ('l2', 2)])
def test_reaches_the_maximum_of_a_linear_loss(norm: str, order: int) -> None:
    """In the ball around each image a linear loss is at most epsilon times the dual norm larger."""
    weights, images = torch.randn(3, 4, 5).double(), pixels(low=60, high=200)
    moved = PGD(norm, epsilon=40, step=10, num_steps=30)(images, lambda x: (x * weights).sum())
    rises = ((moved - images) * weights).sum(dim=(1, 2, 3))
    torch.testing.assert_close(rises, 40 * weights.norm(order).expand(4), rtol=1e-3, atol=0)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize('norm', ATTACKS)
def test_stays_in_the_ball_and_in_the_range(norm: str, dtype: torch.dtype) -> None:
    """For images of extreme pixels too, which a random start and every step push outwards."""
    model, attack = network().to(dtype), ATTACKS[norm]
    images = pixels(dtype=dtype).sub(127).mul(4).add(127).clamp(0, 255)
    before = images.clone()
    moved = PGD(**attack, num_steps=6)(images, lambda x: cross_entropy(model, x))
    change = (moved - images).flatten(1)
    length = change.abs().amax(dim=1) if norm == 'linf' else change.norm(dim=1)
    assert (length <= attack['epsilon'] + 1e-4).all()
    assert (length > 0.5 * attack['epsilon']).all()
    assert moved.min() >= 0
    assert moved.max() <= 255
    assert torch.equal(images, before)
    assert moved.dtype == dtype
    assert not moved.requires_grad


def test_no_setting_leaves_the_ball_or_the_range() -> None:
    """Random shapes, strengths, steps and images of any contrast, many of them at the ends of the range."""
    generator = np.random.default_rng(0)
    for _ in range(150):
        torch.manual_seed(int(generator.integers(1 << 30)))
        shape = tuple(int(n) for n in generator.integers(1, 6, size=4))
        norm = ('linf', 'l2')[int(generator.integers(2))]
        epsilon, step = (float(10 ** generator.uniform(-3, 3.2)) for _ in range(2))
        contrast = 10 ** generator.uniform(-1, 1)
        images = ((torch.rand(shape) - 0.5) * 255 * contrast + 127).clamp(0, 255)
        weights = torch.randn(shape[1:]) * 10 ** generator.uniform(-30, 3)
        moved = perturb(
            images, lambda x, w=weights: (x * w).sin().sum(), norm, epsilon, step, int(generator.integers(1, 5))
        )
        change = (moved.double() - images.double()).flatten(1)
        length = change.abs().amax(dim=1) if norm == 'linf' else change.norm(dim=1)
        # A pixel value of 255 is rounded by 255 * 2**-24 at most.
        rounding = 255 * 2.0**-24 * (1 if norm == 'linf' else change.shape[1] ** 0.5)
        assert (length <= epsilon * (1 + 1e-6) + rounding).all()
        assert moved.min() >= 0 and moved.max() <= 255 and moved.isfinite().all()


def test_projects_around_the_clean_images() -> None:
    """A second step from moved images ends within epsilon of where the first one began."""
    clean = pixels(low=50, high=200)
    moved = signed_gradient_step(clean, Tensor.sum, step=3, epsilon=4)
    torch.testing.assert_close(moved, clean + 3)
    torch.testing.assert_close(signed_gradient_step(moved, Tensor.sum, step=3, epsilon=4, clean=clean), clean + 4)
    torch.testing.assert_close(signed_gradient_step(moved, Tensor.sum, step=3, epsilon=4), clean + 6)


def test_range_of_other_pixels() -> None:
    """Images in [0, 1]."""
    images = pixels(high=1)
    moved = signed_gradient_step(images, Tensor.sum, step=0.5, epsilon=0.25, high=1)
    torch.testing.assert_close(moved, (images + 0.25).clamp(max=1))


def test_random_start_is_uniform_in_the_ball() -> None:
    """A flat loss leaves the start: even moments of a uniform variate, and of the radius in two dimensions."""
    images = torch.full((4000, 1, 1, 2), 100.0).double()
    cube = perturb(images, lambda x: 0 * x.sum(), 'linf', 6, 1, 1) - images
    assert cube.mean().item() == pytest.approx(0, abs=0.15)
    assert cube.square().mean().item() == pytest.approx(12, abs=0.5)
    assert cube.abs().max() > 5.9
    ball = perturb(images, lambda x: 0 * x.sum(), 'l2', 6, 1, 1) - images
    area = ball.flatten(1).norm(dim=1).square() / 36
    assert area.mean().item() == pytest.approx(0.5, abs=0.02)
    assert area.square().mean().item() == pytest.approx(1 / 3, abs=0.02)
    torch.testing.assert_close(ball.mean(dim=0), torch.zeros(1, 1, 2).double(), rtol=0, atol=0.25)


def test_seed_decides_the_start() -> None:
    """Without a random start nothing is drawn."""
    images, moved = pixels(), []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        moved.append(PGD('linf', 4, 1, 1)(images, Tensor.sum))
    assert torch.equal(moved[0], moved[1])
    assert not torch.equal(moved[0], moved[2])
    state = torch.get_rng_state()
    PGD('linf', 4, 1, 1, random_start=False)(images, Tensor.sum)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize('scale', [1.0, 1e-38], ids=['usual', 'tiny'])
def test_l2_step_has_its_length_however_small_the_gradient(scale: float) -> None:
    """The direction counts: a gradient whose square underflows is one; zero is none."""
    weights, images = torch.randn(4, 3, 4, 5), pixels(low=50, high=200, dtype=torch.float32)
    weights[3] = 0
    moved = perturb(images, lambda x: (x * (weights * scale)).sum(), 'l2', 9, 5, 1, random_start=False)
    lengths = (moved - images).flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, torch.tensor([5.0, 5, 5, 0]), rtol=1e-4, atol=0)


def test_image_without_a_finite_gradient_is_not_moved() -> None:
    """sqrt has an infinite slope at 0; the other images are attacked."""
    images = pixels(low=1, high=200)
    images[2, 0, 1, 1] = 0
    moved = signed_gradient_step(images, lambda x: x.sqrt().sum(), step=1, epsilon=1)
    assert torch.equal(moved[2], images[2])
    torch.testing.assert_close(moved[[0, 1, 3]], images[[0, 1, 3]] + 1)


def test_empty_batch() -> None:
    """No images, no perturbation."""
    for attack in ATTACKS.values():
        assert perturb(pixels(0), Tensor.sum, **attack, num_steps=2).shape == (0, 3, 4, 5)


def test_is_built_from_a_config() -> None:
    attack = MODELS.build({'type': 'cft.PGD', 'norm': 'linf', 'epsilon': 4, 'step': 1, 'num_steps': 10})
    assert isinstance(attack, PGD)
    assert attack.random_start
    assert "norm='linf', epsilon=4, step=1, num_steps=10" in repr(attack)
