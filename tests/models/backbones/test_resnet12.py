"""ResNet-12: its size, its blocks against plain layers, and what training drops."""

import pytest
import torch
from torch import nn

from cft.errors import ConfigError
from cft.models import ResNet12
from cft.models.backbones.resnet12 import ResidualBlock, drop_blocks


def test_size_is_the_usual_one() -> None:
    """12.4 million parameters and 640 numbers, as Tian et al. tell of theirs."""
    backbone = ResNet12()
    assert sum(parameter.numel() for parameter in backbone.parameters()) == pytest.approx(12.4e6, rel=0.01)
    assert sum(isinstance(module, nn.Conv2d) for module in backbone.modules()) == 4 * 4
    with torch.no_grad():
        assert backbone(torch.zeros(2, 3, 84, 84))[0].shape == (2, 640, 5, 5)
        assert backbone(torch.zeros(2, 3, 32, 32))[0].shape == (2, 640, 2, 2)


def test_block_is_three_convolutions_and_a_shortcut() -> None:
    block = ResidualBlock(3, 4, drop_rate=0.5).eval()
    for norm in [*block.norms, block.shortcut[1]]:
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        nn.init.normal_(norm.weight)
    images, relu = torch.randn(2, 3, 9, 9), nn.LeakyReLU(0.1)
    maps = relu(block.norms[0](block.convs[0](images)))
    maps = relu(block.norms[1](block.convs[1](maps)))
    maps = block.norms[2](block.convs[2](maps)) + block.shortcut(images)
    assert torch.allclose(block(images), nn.functional.max_pool2d(relu(maps), 2))


@pytest.mark.parametrize('size', [1, 2, 5, 50])
def test_training_drops_squares(size: int) -> None:
    torch.manual_seed(0)
    ones = torch.ones(400, 4, 20, 18)
    dropped = drop_blocks(ones, 0.1, size) == 0
    side = min(size, 18)
    # Squares overlap, so that somewhat less than a tenth is lost.
    assert 0.08 < dropped.float().mean() < 0.105
    whole = nn.functional.avg_pool2d(dropped.float(), side, 1) > 1 - 1e-6
    covered = nn.functional.max_pool2d(nn.functional.pad(whole.float(), [side - 1] * 4), side, 1)
    assert torch.equal(covered > 0, dropped)
    assert drop_blocks(ones, 0.1, size).mean().item() == pytest.approx(1, abs=1e-4)


def test_evaluation_drops_nothing() -> None:
    block, images = ResidualBlock(3, 8, drop_rate=0.5).eval(), torch.randn(2, 3, 8, 8)
    assert torch.equal(block(images), block(images)) and not (block(images) == 0).any()


def test_what_is_no_network() -> None:
    with pytest.raises(ConfigError, match='make no network'):
        ResNet12(drop_rate=1.0)
    with pytest.raises(ConfigError, match='make no network'):
        ResNet12(channels=())
