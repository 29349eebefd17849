"""FeatureQueue: the last keys, whatever the length and the batch sizes."""

import collections

import pytest
import torch
from torch import nn

from cft.engine.forward_state import ForwardState
from cft.models.selfsup import FeatureQueue
from tests.support.comparison import random_rows


def ordered(queue: FeatureQueue) -> torch.Tensor:
    """Rows from the oldest to the newest, as the position says."""
    return queue.features.roll(-int(queue.position), dims=0)


@pytest.mark.parametrize('seed', range(30))
def test_equals_a_deque(seed: int) -> None:
    """After every one of many random batches (some empty, some longer than the queue): same rows, same order."""
    generator = torch.Generator().manual_seed(seed)
    length = int(torch.randint(1, 12, (1,), generator=generator))
    queue = FeatureQueue(length, channels=3)
    oracle = collections.deque(queue.features.clone(), maxlen=length)
    sizes = torch.randint(0, 2 * length + 2, (12,), generator=generator).tolist()
    for step, size in enumerate(sizes):
        keys = random_rows(size, 3, seed=100 * seed + step, dtype=torch.float32)
        queue.enqueue(keys)
        oracle.extend(key / key.norm() for key in keys)
        torch.testing.assert_close(ordered(queue), torch.stack(list(oracle)), rtol=1e-6, atol=1e-7)


def test_every_length_with_every_batch_size() -> None:
    """All pairs up to 7 and 16, three batches each: wrap-around at every offset, and queues of length 1."""
    for length in range(1, 8):
        for size in range(1, 17):
            queue, seen = FeatureQueue(length, 2), []
            for _ in range(3):
                angles = torch.arange(len(seen), len(seen) + size) / 100
                seen += angles.tolist()
                queue.enqueue(torch.stack([angles.cos(), angles.sin()], dim=1))
            known = min(length, len(seen))
            angles = torch.atan2(ordered(queue)[-known:, 1], ordered(queue)[-known:, 0])
            torch.testing.assert_close(angles, torch.tensor(seen[-known:]), rtol=1e-4, atol=1e-6)


def test_starts_with_random_unit_rows() -> None:
    """Different directions of length 1, as MoCo's."""
    queue = FeatureQueue(50, 8)
    torch.testing.assert_close(queue.features.norm(dim=1), torch.ones(50))
    assert len(queue.features.unique(dim=0)) == 50
    assert abs(queue.features.mean()) < 0.1


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_keys_are_normalised_and_carry_no_gradient(dtype: torch.dtype) -> None:
    """Whatever their length and type; what the caller does to its keys afterwards does not matter."""
    queue, keys = FeatureQueue(4, 5), (3 * random_rows(2, dtype=dtype)).requires_grad_()
    queue.enqueue(keys)
    expected = (keys.detach().double() / keys.detach().double().norm(dim=1, keepdim=True)).float()
    with torch.no_grad():
        keys.zero_()
    torch.testing.assert_close(queue.features[:2], expected, rtol=1e-6, atol=1e-7)
    assert queue.features.dtype == torch.float32
    assert not queue.features.requires_grad


def test_state_dict_round_trip_goes_on_where_it_stopped() -> None:
    """A resumed queue has the same rows and replaces the same oldest ones."""
    queue, resumed = FeatureQueue(5, 3), FeatureQueue(5, 3)
    queue.enqueue(random_rows(3, 3, dtype=torch.float32))
    resumed.load_state_dict(queue.state_dict())
    for either in (queue, resumed):
        either.enqueue(random_rows(4, 3, seed=1, dtype=torch.float32))
    assert set(queue.state_dict()) == {'features', 'position'}
    assert int(queue.position) == int(resumed.position) == 2
    assert torch.equal(queue.features, resumed.features)


@pytest.mark.parametrize(('length', 'channels'), [(0, 4), (-1, 4), (4, 0)])
def test_impossible_sizes_are_refused(length: int, channels: int) -> None:
    with pytest.raises(ValueError, match='at least 1'):
        FeatureQueue(length, channels)


@pytest.mark.parametrize('length', [5, 12])
def test_state_of_before_a_step_comes_back(length: int) -> None:
    """Batches that wrap around, that overlap and that are longer than the queue are undone, again and again."""
    queue = FeatureQueue(length, 3)
    for round_ in range(4):
        queue.enqueue(random_rows(3, 3, seed=round_, dtype=torch.float32))
        before, state = queue.features.clone(), queue.forward_state()
        for attempt in range(2):
            for size in (4, 7, 0, 3):
                queue.enqueue(random_rows(size, 3, seed=10 * round_ + attempt, dtype=torch.float32))
            assert not torch.equal(queue.features, before)
            queue.restore_forward_state(state)
            assert torch.equal(queue.features, before)
            assert int(queue.position) == 3 * (round_ + 1) % length


def test_only_overwritten_rows_are_kept() -> None:
    """Those of the step; without a step that anybody guards none, and never more than the queue and a batch."""
    queue = FeatureQueue(100, 3)
    queue.enqueue(random_rows(4, 3, dtype=torch.float32))
    assert queue._overwritten is None
    for step in range(60):
        if step < 10:
            queue.forward_state()
        queue.enqueue(random_rows(4, 3, seed=step, dtype=torch.float32))
        kept = sum(len(rows) for _, rows in queue._overwritten)
        assert kept == (4 if step < 10 else min(4 * (step - 8), 100))


def test_guard_of_a_step_leaves_the_queue_to_itself() -> None:
    """ForwardState copies BatchNorm's buffers, and not the queue's."""
    model = nn.Sequential(nn.BatchNorm1d(3), FeatureQueue(1000, 3))
    state = ForwardState(model)
    state.keep()
    copied = sum(copy.numel() for _, copies in state._kept for copy in copies)
    assert copied == 3 + 3 + 1
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model[1].enqueue(model[0](torch.full((4, 3), torch.nan)))
    state.put_back()
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
