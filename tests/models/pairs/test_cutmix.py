"""CutMix: which pixel comes from which image, and the share of the area."""

import math

import pytest
import torch
from torch import Tensor

from cft.errors import ConfigError
from cft.models.pairs import cutmix


def numbered(count: int, height: int, width: int) -> Tensor:
    """Images whose pixels all differ, within an image and between images."""
    return torch.arange(count * 2 * height * width, dtype=torch.float64).view(count, 2, height, width)


@pytest.mark.parametrize('size', [(7, 11), (8, 8), (1, 6), (3, 1)])
@pytest.mark.parametrize('shapes', [(5.0, 3.0), (1.0, 1.0), (0.3, 0.3)])
def test_one_box_of_the_partner_at_its_place(size: tuple[int, int], shapes: tuple[float, float]) -> None:
    """Pixel by pixel: own or partner's at the same place; the partner's form one rectangle, the rest is the ratio."""
    height, width = size
    images = numbered(5, height, width)
    before = images.clone()
    for _ in range(20):
        mixed, partner, ratio = cutmix(images, *shapes)
        assert sorted(partner.tolist()) == list(range(5))
        foreign = set()
        for n in range(5):
            if partner[n] == n:
                assert torch.equal(mixed[n], images[n])
                continue
            pasted = set()
            for y in range(height):
                for x in range(width):
                    own, other = images[n, :, y, x], images[partner[n], :, y, x]
                    is_own = torch.equal(mixed[n, :, y, x], own)
                    assert is_own or torch.equal(mixed[n, :, y, x], other)
                    if not is_own:
                        pasted.add((y, x))
            assert ratio == pytest.approx(1 - len(pasted) / (height * width), abs=1e-15)
            if pasted:
                rows, columns = {y for y, _ in pasted}, {x for _, x in pasted}
                assert len(pasted) == (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)
            foreign.add(frozenset(pasted))
        assert len(foreign) <= 1
    assert torch.equal(images, before)


@pytest.mark.parametrize(('alpha', 'beta'), [(5.0, 3.0), (1.0, 2.0), (0.4, 0.7)])
def test_uncut_boxes_follow_the_beta_distribution(alpha: float, beta: float) -> None:
    """The box's side is sqrt(1 - share) of the image's: in draws whose box misses the border both sides agree,
    and over all draws the mean ratio is that of boxes cut off at the border, integrated numerically.
    """
    image = torch.zeros(2, 1, 200, 100)
    image[1] = 1
    ratios = []
    for _ in range(1500):
        mixed, _, ratio = cutmix(image, alpha, beta, partner=torch.tensor([1, 0]))
        ratios.append(ratio)
        rows, columns = mixed[0, 0].any(dim=1), mixed[0, 0].any(dim=0)
        if rows.any() and not (rows[0] or rows[-1] or columns[0] or columns[-1]):
            assert rows.sum().item() / 200 == pytest.approx(columns.sum().item() / 100, abs=0.01)
    # A side s centred uniformly on [0, 1] keeps s - s^2 / 4 of its length inside on average.
    grid = (torch.arange(200000, dtype=torch.float64) + 0.5) / 200000
    weight = grid ** (alpha - 1) * (1 - grid) ** (beta - 1)
    side = (1 - grid).sqrt()
    expected = 1 - (weight * (side - side**2 / 4) ** 2).sum() / weight.sum()
    found = torch.tensor(ratios, dtype=torch.float64)
    assert found.mean().item() == pytest.approx(expected.item(), abs=0.005 + 4 * found.std().item() / math.sqrt(1500))


def test_given_partner_is_used() -> None:
    """Crops of different sizes share it, as int32 too."""
    partner = torch.tensor([2, 0, 1], dtype=torch.int32)
    for size in (12, 9):
        images = numbered(3, size, size)
        mixed, returned, ratio = cutmix(images, 1, 50, partner)
        assert returned is partner
        assert ratio < 1
        for n in range(3):
            pasted = mixed[n] != images[n]
            assert torch.equal(mixed[n][pasted], images[int(partner[n])][pasted])


@pytest.mark.parametrize('dtype', [torch.uint8, torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_type_of_the_images_is_kept(dtype: torch.dtype) -> None:
    images = torch.randint(0, 100, (4, 3, 8, 8)).to(dtype)
    mixed = cutmix(images)
    assert mixed.images.dtype == dtype
    assert not torch.equal(mixed.images, images)


def test_other_devices() -> None:
    """Images, permutation and result stay together; the meta device stands for an accelerator."""
    mixed, partner, ratio = cutmix(torch.zeros(4, 3, 8, 8, device='meta'))
    assert mixed.device.type == partner.device.type == 'meta'
    assert 0 <= ratio <= 1


def test_gradients_go_to_the_image_that_gave_the_pixel() -> None:
    """Each pixel of the batch is used at its place as often as it is shown."""
    images = numbered(3, 6, 6).requires_grad_()
    mixed = cutmix(images, partner=torch.tensor([1, 1, 0]))
    (gradient,) = torch.autograd.grad(mixed.images.sum(), images)
    shown = [(mixed.images.detach() == value).sum() for value in images.detach().flatten()]
    assert torch.equal(gradient.flatten(), torch.stack(shown).double())


@pytest.mark.parametrize('count', [0, 1])
def test_batches_without_a_partner(count: int) -> None:
    """Nothing to mix: the images come back."""
    images = numbered(count, 4, 4)
    assert torch.equal(cutmix(images).images, images)


@pytest.mark.parametrize(('alpha', 'beta', 'expected'), [(1e4, 1e-4, 1.0), (1e-4, 1e4, 0.0)])
def test_extreme_shares(alpha: float, beta: float, expected: float) -> None:
    """No box at all and, away from the border, the whole image; no NaN from a Beta variate that underflows."""
    images = numbered(2, 1, 1)
    mixed, _, ratio = cutmix(images, alpha, beta, torch.tensor([1, 0]))
    assert ratio == expected
    assert torch.equal(mixed, images if expected else images.flip(0))
    for _ in range(200):
        assert 0 <= cutmix(images, 1e-3, 1e-3).ratio <= 1


def test_seed_decides_everything() -> None:
    images, drawn = numbered(6, 9, 9), []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        drawn.append(cutmix(images))
    assert torch.equal(drawn[0].images, drawn[1].images)
    assert not torch.equal(drawn[0].images, drawn[2].images)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'alpha': 0}, 'alpha of CutMix must be positive and finite, got 0'),
        ({'beta': -2.0}, 'beta of CutMix .* got -2.0'),
        ({'beta': float('nan')}, 'beta of CutMix .* got nan'),
        ({'images': torch.zeros(3, 8, 8)}, r'\(N, C, H, W\), got shape \(3, 8, 8\)'),
        ({'partner': torch.tensor([1, 0, 2])}, r'must hold 4 indices, got torch.int64 of shape \(3,\)'),
        ({'partner': torch.tensor([True] * 4)}, 'must hold 4 indices, got torch.bool'),
    ],
)
def test_refuses(arguments: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        cutmix(**({'images': torch.zeros(4, 3, 8, 8)} | arguments))
