"""The pyramid of a plain ViT: sizes, places, norms."""

import pytest
import torch
from torch import Tensor

from cft.errors import ConfigError
from cft.models.necks import SimpleFeaturePyramid
from cft.registry import MODELS


def base_of(neck: SimpleFeaturePyramid, last: Tensor) -> Tensor:
    """The map of stride 16 that the levels are made of."""
    seen = []
    handle = neck.levels[2].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    neck((torch.zeros(0), last))
    handle.remove()
    return seen[0]


@pytest.mark.parametrize('stride', [8, 14, 16, 32])
def test_levels_have_the_strides_of_an_fpn(stride: int) -> None:
    height, width = 128, 224
    neck = MODELS.build(dict(type='cft.SimpleFeaturePyramid', in_channels=[8, 24], stride=stride, out_channels=6))
    levels = neck((torch.zeros(1), torch.randn(2, 24, -(-height // stride), -(-width // stride))))
    sizes = [(32, 56), (16, 28), (8, 14), (4, 7), (2, 4)]
    assert [tuple(level.shape) for level in levels] == [(2, 6, *size) for size in sizes]
    assert len(SimpleFeaturePyramid(24, 16, num_outs=2)((torch.randn(1, 24, 4, 4),))) == 2
    assert len(SimpleFeaturePyramid(24, 16, num_outs=6)((torch.randn(1, 24, 4, 4),))) == 6


@pytest.mark.parametrize('stride', [8, 14, 32])
def test_cells_of_another_patch_size_keep_their_places(stride: int) -> None:
    """A map that holds the place of its cells in the image still does so, away from the border."""
    rows, columns = 224 // stride, 448 // stride
    y = (torch.arange(rows) + 0.5) * stride
    x = (torch.arange(columns) + 0.5) * stride
    places = torch.stack(torch.meshgrid(y, x, indexing='ij'))[None].repeat(1, 2, 1, 1)
    base = base_of(SimpleFeaturePyramid(4, stride, out_channels=4), places)
    assert base.shape == (1, 4, 14, 28)
    wanted_y, wanted_x = (torch.arange(14) + 0.5) * 16, (torch.arange(28) + 0.5) * 16
    inner = (slice(1, -1), slice(1, -1))
    torch.testing.assert_close(base[0, 0][inner], wanted_y[:, None].expand(14, 28)[inner])
    torch.testing.assert_close(base[0, 1][inner], wanted_x[None].expand(14, 28)[inner])


def test_a_map_of_stride_16_is_taken_as_it_is() -> None:
    last = torch.randn(1, 4, 3, 5)
    assert base_of(SimpleFeaturePyramid(4, 16, out_channels=4), last) is last


def test_a_place_of_a_level_sees_the_patches_around_it_alone() -> None:
    torch.manual_seed(0)
    neck = SimpleFeaturePyramid(8, 16, out_channels=4, num_outs=4)
    last = torch.randn(1, 8, 10, 10, requires_grad=True)
    for level, scale in zip(neck((last,)), (4, 2, 1, 0.5), strict=True):
        place = level.shape[-1] // 2
        (gradient,) = torch.autograd.grad((level[0, :, place, place] * torch.randn(4)).sum(), last, retain_graph=True)
        seen = gradient[0].abs().sum(0) > 0
        # A 3x3 convolution around the place, in cells of the level.
        first, last_row = int((place - 1) // scale), int((place + 2 - 1e-6) / scale)
        allowed = torch.zeros(10, 10, dtype=torch.bool)
        allowed[first : last_row + 1, first : last_row + 1] = True
        assert seen.any()
        assert not (seen & ~allowed).any()
        assert seen[int(place / scale), int(place / scale)]


def test_levels_are_normed_over_channels() -> None:
    for level in SimpleFeaturePyramid(8, 16, out_channels=16)((torch.randn(2, 8, 4, 4) * 100,)):
        torch.testing.assert_close(level.mean(dim=1), torch.zeros(level[:, 0].shape), rtol=0, atol=1e-4)
        torch.testing.assert_close(level.var(dim=1, unbiased=False), torch.ones(level[:, 0].shape), rtol=0, atol=1e-3)


@pytest.mark.parametrize('wrong', [{'stride': 0}, {'stride': None}, {'stride': 3.5}, {'stride': 16, 'num_outs': 0}])
def test_wrong_strides(wrong: dict) -> None:
    with pytest.raises(ConfigError, match=r'^SimpleFeaturePyramid: stride=.* must be the patch size'):
        SimpleFeaturePyramid(8, **wrong)
