"""The probe beside training against PyTorch's own classifier."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from cft.engine.first_outputs import FirstOutput
from cft.engine.linear_probe import LinearProbe

ADAM = dict(type='Adam', lr=0.01)


def batches(count: int = 5) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(count, 16, 6, generator=generator)
    return list(zip(rows, torch.randint(3, (count, 16), generator=generator), strict=True))


def test_equals_a_linear_layer_by_autograd() -> None:
    """Same weights, and the accuracy is that before each step."""
    probe = LinearProbe(6, 3, ADAM, torch.device('cpu'))
    layer = nn.Linear(6, 3)
    nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
    right = 0
    for features, labels in batches():
        probe.step(features, labels)
        logits = layer(F.normalize(features, dim=1) * 6**0.5)
        right += int((logits.argmax(dim=1) == labels).sum())
        optimizer.zero_grad()
        F.cross_entropy(logits, labels).backward()
        optimizer.step()
    torch.testing.assert_close(probe.weight, layer.weight)
    torch.testing.assert_close(probe.bias, layer.bias)
    assert probe.counts.tolist() == [right, 80]


def test_rows_that_tell_nothing_are_left_out() -> None:
    """Without labels, or not finite: the rest is learnt from as if it were alone."""
    features, labels = batches(1)[0]
    whole = LinearProbe(6, 3, ADAM, torch.device('cpu'))
    whole.step(features[:10], labels[:10])
    holes = LinearProbe(6, 3, ADAM, torch.device('cpu'))
    spoilt, unknown = features.clone(), labels.clone()
    spoilt[10:13], unknown[13:] = torch.nan, -1
    holes.step(spoilt, unknown)
    torch.testing.assert_close(holes.weight, whole.weight)
    assert holes.counts.tolist() == whole.counts.tolist() and whole.counts[1] == 10
    holes.step(spoilt[10:], unknown[10:])
    assert holes.weight.isfinite().all() and holes.counts[1] == 10


def test_never_waits_for_the_device() -> None:
    """Tensors without values refuse whatever would ask for one. Adam's count of steps lies on the CPU."""
    with FakeTensorMode():
        probe = LinearProbe(6, 3, dict(type='SGD', lr=0.1, momentum=0.9), torch.device('cpu'))
        for _ in range(2):
            probe.step(torch.empty(4, 6), torch.empty(4, dtype=torch.long))
        with pytest.raises(DataDependentOutputException):
            probe.counts.tolist()


def test_state_continues_and_no_random_number_is_drawn() -> None:
    state = torch.get_rng_state()
    parts = batches()
    whole, first = (LinearProbe(6, 3, ADAM, torch.device('cpu')) for _ in range(2))
    for features, labels in parts:
        whole.step(features, labels)
    for features, labels in parts[:2]:
        first.step(features, labels)
    second = LinearProbe(6, 3, ADAM, torch.device('cpu'))
    second.load_state_dict(first.state_dict())
    for features, labels in parts[2:]:
        second.step(features, labels)
    assert torch.equal(second.weight, whole.weight) and torch.equal(second.counts, whole.counts)
    assert torch.equal(torch.get_rng_state(), state)


def test_first_output_alone_is_kept_in_full_precision() -> None:
    """Of a map the mean over places; under autocast the probe computes in float32; closed, it keeps nothing."""
    layer = nn.Conv2d(2, 3, 1)
    first = FirstOutput(layer)
    first.ask()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        map_, _ = layer(torch.ones(2, 2, 4, 4)), layer(torch.zeros(1, 2, 4, 4))
        kept = first.answer()
        assert map_.dtype == torch.bfloat16 and kept is not None and kept.dtype == torch.float32
        assert not kept.requires_grad
        torch.testing.assert_close(kept, map_.mean(dim=(2, 3)).float())
        probe = LinearProbe(3, 2, ADAM, torch.device('cpu'))
        probe.step(kept, torch.tensor([0, 1]))
    reference = LinearProbe(3, 2, ADAM, torch.device('cpu'))
    reference.step(kept, torch.tensor([0, 1]))
    assert torch.equal(probe.weight, reference.weight)
    first.close()
    first.ask()
    layer(torch.ones(2, 2, 4, 4))
    assert first.answer() is None
