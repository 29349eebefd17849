"""MLPProjector: its layers, its size, and what it refuses."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS as MMENGINE_MODELS
from torch import nn

from cft.models.projectors import MLPProjector


def count(module: nn.Module) -> int:
    """Number of trainable numbers."""
    return sum(parameter.numel() for parameter in module.parameters())


def kinds(projector: MLPProjector) -> list[type[nn.Module]]:
    """Types of the layers in order."""
    return [type(layer) for layer in projector.layers]


def test_default_is_core_tunings_head() -> None:
    """Two layers, hidden width that of the input, 256 outputs."""
    projector = MLPProjector(in_channels=12)
    assert projector(torch.randn(4, 12)).shape == (4, 256)
    assert kinds(projector) == [nn.Linear, nn.ReLU, nn.Linear]
    assert count(projector) == (12 * 12 + 12) + (12 * 256 + 256)


def test_value_is_linear_relu_linear() -> None:
    """The forward pass is the composition written out."""
    projector, features = MLPProjector(6, hidden_channels=9, out_channels=5), torch.randn(4, 6)
    first, _, second = projector.layers
    hidden = torch.relu(F.linear(features, first.weight, first.bias))
    torch.testing.assert_close(projector(features), F.linear(hidden, second.weight, second.bias))
    assert count(projector) == (6 * 9 + 9) + (9 * 5 + 5)


@pytest.mark.parametrize('batch_norm', [False, True])
def test_one_layer_is_linear(batch_norm: bool) -> None:
    """There is no hidden layer to rectify or to normalise."""
    projector = MLPProjector(6, hidden_channels=9, out_channels=5, num_layers=1, batch_norm=batch_norm)
    assert kinds(projector) == [nn.Linear]
    assert count(projector) == 6 * 5 + 5


def test_three_layers_with_batch_norm() -> None:
    """BatchNorm follows each hidden layer, which then needs no bias; the last layer has one."""
    projector = MLPProjector(6, hidden_channels=9, out_channels=5, num_layers=3, batch_norm=True)
    hidden = [nn.Linear, nn.BatchNorm1d, nn.ReLU]
    assert kinds(projector) == [*hidden, *hidden, nn.Linear]
    assert count(projector) == (6 * 9 + 2 * 9) + (9 * 9 + 2 * 9) + (9 * 5 + 5)
    assert projector(torch.randn(4, 6)).shape == (4, 5)


def test_features_are_not_changed_in_place() -> None:
    """The classifier needs the same features, and the gradient reaches them."""
    torch.manual_seed(0)
    features = torch.randn(4, 6, requires_grad=True)
    before = features.detach().clone()
    MLPProjector(6, hidden_channels=32, out_channels=3)(features).sum().backward()
    assert torch.equal(features.detach(), before)
    assert (features.grad != 0).any(dim=1).all()


def test_no_rows() -> None:
    """A batch without rows is projected to one without rows."""
    assert MLPProjector(6, out_channels=3)(torch.zeros(0, 6)).shape == (0, 3)


def test_is_found_under_its_scope() -> None:
    """Any OpenMMLab library builds it as ``cft.MLPProjector``."""
    built = MMENGINE_MODELS.build({'type': 'cft.MLPProjector', 'in_channels': 6, 'out_channels': 3})
    assert type(built) is MLPProjector


@pytest.mark.parametrize('num_layers', [0, -1])
def test_refuses_no_layers(num_layers: int) -> None:
    """A projector without layers would be silently the identity."""
    with pytest.raises(ValueError, match=f'num_layers must be at least 1, got {num_layers}'):
        MLPProjector(6, num_layers=num_layers)


def test_refuses_features_of_another_width() -> None:
    """The width is fixed at construction."""
    with pytest.raises(RuntimeError, match='shapes cannot be multiplied'):
        MLPProjector(6)(torch.zeros(4, 7))
