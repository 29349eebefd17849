"""The layout of a network in memory, and that it is all that changes."""

from pathlib import Path

import torch
from mmengine.hooks import EMAHook
from torch import nn

from cft.checkpoints import read_state_dict
from cft.engine.hooks import ChannelsLastHook
from cft.engine.hooks.channels_last import to_channels_last
from tests.support.toy_run import ToyModel, toy_runner


class Convolutional(ToyModel):
    """The toy's numbers as images of one pixel, through a convolution of 2 x 2 with padding."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        super().__init__()
        self.convolution = nn.Conv2d(4, 4, 2, padding=1)

    def forward(self, inputs: torch.Tensor, mode: str = 'loss') -> dict[str, torch.Tensor]:
        return super().forward(self.convolution(inputs[:, :, None, None]).mean(dim=(2, 3)), mode)


def is_last(tensor: torch.Tensor) -> bool:
    return tensor.is_contiguous(memory_format=torch.channels_last) and not tensor.is_contiguous()


def test_outputs_follow_the_weights() -> None:
    """From images in the usual layout; values agree in double precision."""
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3)).double()
    images = torch.randn(2, 3, 9, 9, dtype=torch.float64)
    expected = network(images)
    assert to_channels_last(network) == 2
    output = network(images)
    assert is_last(output) and not is_last(expected)
    torch.testing.assert_close(output, expected)


def test_training(tmp_path: Path) -> None:
    """Weights, momentum and the moving average have the layout; the trained values are the same."""
    trained = {}
    for name, hooks in (('plain', []), ('last', [ChannelsLastHook()])):
        average = EMAHook()
        runner = toy_runner(tmp_path / name, [*hooks, average], Convolutional())
        runner.train()
        weight = runner.model.convolution.weight
        momentum = runner.optim_wrapper.optimizer.state[weight]['momentum_buffer']
        for tensor in (weight, momentum, average.ema_model.module.convolution.weight):
            assert is_last(tensor) is (name == 'last')
        trained[name] = weight.detach().contiguous()
    torch.testing.assert_close(trained['last'], trained['plain'])


def test_checkpoints_go_both_ways(tmp_path: Path) -> None:
    """A file of either layout is read into the one that the run has."""
    model, other = Convolutional(), Convolutional()
    to_channels_last(other)
    with torch.no_grad():
        model.convolution.weight.add_(1)
    torch.save(model.state_dict(), tmp_path / 'plain.pth')
    other.load_state_dict(read_state_dict(tmp_path / 'plain.pth'))
    assert is_last(other.convolution.weight)
    torch.save(other.state_dict(), tmp_path / 'last.pth')
    model.load_state_dict(read_state_dict(tmp_path / 'last.pth'))
    assert model.convolution.weight.is_contiguous()
    assert torch.equal(model.convolution.weight, other.convolution.weight)
