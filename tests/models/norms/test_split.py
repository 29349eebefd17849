"""SplitBatchNorm2d: BatchNorm of each part of the batch."""

import copy

import pytest
import torch
from mmcv.cnn import build_norm_layer
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.norms import AuxiliaryBatchNorm2d, SplitBatchNorm2d, split_batch_norms


def pair(num_splits: int, **options: object) -> tuple[SplitBatchNorm2d, nn.BatchNorm2d]:
    """A split and a plain BatchNorm with the same random scale and shift, in float64."""
    split, plain = SplitBatchNorm2d(3, num_splits, **options).double(), nn.BatchNorm2d(3, **options).double()
    nn.init.normal_(plain.weight)
    nn.init.normal_(plain.bias)
    split.load_state_dict(plain.state_dict())
    return split, plain


def batch(rows: int) -> Tensor:
    return torch.randn(rows, 3, 2, 4, dtype=torch.float64) * torch.rand(rows, 1, 1, 1).double() + 2


@pytest.mark.parametrize('options', [{}, {'momentum': 0.3, 'eps': 0.1}])
@pytest.mark.parametrize(('rows', 'sizes'), [(8, [4, 4]), (12, [4, 4, 4]), (5, [3, 2]), (9, [3, 2, 2, 2])])
def test_equals_batch_norm_of_each_part(rows: int, sizes: list[int], options: dict) -> None:
    """Output and gradients are those of BatchNorm applied to one part after the other."""
    split, plain = pair(len(sizes), **options)
    inputs, weights = batch(rows).requires_grad_(), torch.randn(rows, 3, 2, 4).double()
    twin = inputs.detach().clone().requires_grad_()
    output, expected = split(inputs), torch.cat([plain(part) for part in twin.split(sizes)])
    torch.testing.assert_close(output, expected, rtol=1e-12, atol=1e-12)
    (output * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(inputs.grad, twin.grad, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(split.weight.grad, plain.weight.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize('momentum', [0.1, 0.3, None])
@pytest.mark.parametrize('sizes', [[4, 4], [2, 2, 2], [3, 2]])
def test_running_statistics_move_once_for_each_batch(sizes: list[int], momentum: float | None) -> None:
    """By loops over parts and channels: towards the mean of the parts' means and unbiased variances."""
    split, _ = pair(len(sizes), momentum=momentum)
    means, variances = [0.0] * 3, [1.0] * 3
    for step in range(1, 4):
        inputs = batch(sum(sizes))
        split(inputs)
        factor = 1 / step if momentum is None else momentum
        for channel in range(3):
            found = [part[:, channel].flatten().tolist() for part in inputs.split(sizes)]
            centres = [sum(values) / len(values) for values in found]
            spreads = [
                sum((value - centre) ** 2 for value in values) / (len(values) - 1)
                for values, centre in zip(found, centres, strict=True)
            ]
            means[channel] += factor * (sum(centres) / len(sizes) - means[channel])
            variances[channel] += factor * (sum(spreads) / len(sizes) - variances[channel])
        assert int(split.num_batches_tracked) == step
    assert split.running_mean.tolist() == pytest.approx(means, rel=1e-12)
    assert split.running_var.tolist() == pytest.approx(variances, rel=1e-12)


def test_without_running_statistics() -> None:
    split, plain = pair(2, track_running_stats=False)
    inputs = batch(8)
    torch.testing.assert_close(split(inputs), torch.cat([plain(part) for part in inputs.chunk(2)]))


def test_parts_do_not_influence_each_other() -> None:
    """What the splitting is for: the first half's output is blind to the second half."""
    split, _ = pair(2)
    inputs = batch(8)
    changed = torch.cat([inputs[:4], 5 * inputs[4:] - 3])
    assert torch.equal(split(inputs)[:4], split(changed)[:4])


def test_no_part_of_a_single_pixel() -> None:
    """13 rows in 6 parts of 1x1 maps: two rows or more in every part, as training statistics need."""
    split = SplitBatchNorm2d(3, num_splits=6)
    output = split(torch.randn(13, 3, 1, 1))
    torch.testing.assert_close(output[:3].mean(dim=0), torch.zeros(3, 1, 1), rtol=0, atol=1e-6)
    assert int(split.num_batches_tracked) == 1


@pytest.mark.parametrize(('rows', 'num_splits'), [(1, 2), (3, 2), (5, 4), (7, 4), (8, 1)])
def test_small_batch_is_not_split(rows: int, num_splits: int) -> None:
    """Parts of one row would have no batch statistics to speak of; one part is BatchNorm itself."""
    split, plain = pair(num_splits)
    inputs = batch(rows)
    assert torch.equal(split(inputs), plain(inputs))
    torch.testing.assert_close(split.state_dict(), plain.state_dict(), rtol=0, atol=0)


def test_evaluation_is_batch_norms() -> None:
    """Running statistics for every row, which evaluation leaves alone."""
    split, plain = pair(2)
    split(batch(8))
    plain.load_state_dict(split.state_dict())
    before = copy.deepcopy(split.state_dict())
    inputs = batch(6)
    assert torch.equal(split.eval()(inputs), plain.eval()(inputs))
    torch.testing.assert_close(split.state_dict(), before, rtol=0, atol=0)


def test_names_are_batch_norms() -> None:
    """A checkpoint goes from one to the other."""
    assert list(SplitBatchNorm2d(3).state_dict()) == list(nn.BatchNorm2d(3).state_dict())


def test_is_built_from_a_norm_config() -> None:
    """``norm_cfg=dict(type='cft.SplitBN')`` in a backbone; mmcv names such layers ``bn``."""
    name, layer = build_norm_layer({'type': 'cft.SplitBN', 'num_splits': 4, 'eps': 0.01}, 7, postfix=2)
    assert (name, type(layer), layer.num_splits, layer.eps) == ('bn2', SplitBatchNorm2d, 4, 0.01)
    assert layer.weight.shape == (7,)


def test_conversion_keeps_tensors_and_settings() -> None:
    """BatchNorms of maps become split ones of the same tensors, wherever they are; all others stay."""
    plain = nn.BatchNorm2d(3, eps=0.1, momentum=0.3)
    auxiliary, vectors = AuxiliaryBatchNorm2d(3), nn.BatchNorm1d(3)
    model = nn.Sequential(nn.Sequential(plain), auxiliary, vectors).eval()
    names, state = list(model.state_dict()), copy.deepcopy(model.state_dict())
    split_batch_norms(model, 4)
    found = model[0][0]
    assert (type(found), found.num_splits, found.eps, found.momentum) == (SplitBatchNorm2d, 4, 0.1, 0.3)
    assert found.weight is plain.weight and found.running_mean is plain.running_mean and not found.training
    assert (model[1], model[2]) == (auxiliary, vectors)
    assert type(auxiliary.auxiliary) is nn.BatchNorm2d
    assert list(model.state_dict()) == names
    torch.testing.assert_close(model.state_dict(), state, rtol=0, atol=0)


def test_conversion_needs_a_batch_norm_of_maps() -> None:
    """One that is synchronised would go on without parts."""
    for layer in (nn.SyncBatchNorm(3), nn.GroupNorm(1, 3), AuxiliaryBatchNorm2d(3)):
        with pytest.raises(ConfigError, match='no BatchNorm2d .* 4 parts'):
            split_batch_norms(nn.Sequential(layer), 4)
