"""record_calls: what passes through a layer, and nothing left behind."""

import pytest
import torch
from torch import nn

from cft.models.branches import record_calls


class Twice(nn.Module):
    """Calls its layer twice, the second time on the first result."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.layer(self.layer(rows))


def test_every_call_in_order_with_its_tensors() -> None:
    """The very tensors, so that gradients flow back from what was recorded."""
    model, rows = Twice(), torch.randn(2, 3, requires_grad=True)
    with record_calls(model.layer) as calls:
        output = model(rows)
    assert len(calls) == 2
    assert calls[0][0] is rows
    assert calls[1][0] is calls[0][1]
    assert calls[1][1] is output
    calls[0][1].sum().backward()
    torch.testing.assert_close(rows.grad, model.layer.weight.sum(dim=0).expand(2, 3))


def test_the_result_is_that_without_recording() -> None:
    model, rows = Twice(), torch.randn(2, 3)
    with record_calls(model.layer):
        recorded = model(rows)
    assert torch.equal(recorded, model(rows))


def test_only_calls_of_that_layer_inside_the_block() -> None:
    model, other = Twice(), nn.Linear(3, 3)
    model(torch.zeros(1, 3))
    with record_calls(model.layer) as calls:
        other(torch.zeros(1, 3))
        assert calls == []
        model(torch.zeros(1, 3))
    model(torch.zeros(1, 3))
    assert len(calls) == 2


def test_two_layers_at_once_and_one_layer_twice() -> None:
    first, second = nn.Linear(3, 2), nn.Linear(2, 1)
    with record_calls(first) as outer, record_calls(second) as other, record_calls(first) as inner:
        second(first(torch.zeros(4, 3)))
    assert (len(outer), len(other), len(inner)) == (1, 1, 1)
    assert other[0][0] is outer[0][1] is inner[0][1]


@pytest.mark.parametrize('error', [RuntimeError, KeyboardInterrupt])
def test_nothing_is_left_after_an_exception(error: type[BaseException]) -> None:
    """Of the block or of the user: the layer has no hook, and keeps no memory of tensors."""
    layer = nn.Linear(3, 2)
    with pytest.raises(error), record_calls(layer) as calls:
        layer(torch.zeros(1, 3))
        raise error
    assert not layer._forward_hooks
    layer(torch.zeros(1, 3))
    assert len(calls) == 1


def test_after_an_exception_of_the_layer() -> None:
    """Its call has no output and is not recorded."""
    layer = nn.Linear(3, 2)
    with record_calls(layer) as calls:
        with pytest.raises(RuntimeError):
            layer(torch.zeros(1, 4))
        layer(torch.zeros(1, 3))
    assert len(calls) == 1
    assert not layer._forward_hooks
