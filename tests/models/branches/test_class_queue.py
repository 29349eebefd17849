"""ClassQueue: the last keys of each class, whatever the batches hold."""

import collections

import pytest
import torch

from cft.models.branches import ClassQueue
from tests.support.comparison import random_rows


def held(queue: ClassQueue) -> dict[int, list[list[float]]]:
    """Keys of each class, oldest first."""
    found = {}
    for label, (rows, seen) in enumerate(zip(queue.features, queue.seen.tolist(), strict=True)):
        found[label] = rows.roll(-seen, dims=0)[-seen:].tolist() if seen < len(rows) else rows.roll(-seen, 0).tolist()
        found[label] = found[label] if seen else []
    return found


@pytest.mark.parametrize('seed', range(20))
def test_equals_a_deque_for_each_class(seed: int) -> None:
    """After each of many random batches, some empty, some with more keys of a class than it has slots."""
    generator = torch.Generator().manual_seed(seed)
    classes, length = (int(torch.randint(1, 6, (1,), generator=generator)) for _ in range(2))
    queue = ClassQueue(classes, length, channels=3)
    oracle = {label: collections.deque(maxlen=length) for label in range(classes)}
    for step in range(12):
        size = int(torch.randint(0, 15, (1,), generator=generator))
        labels = torch.randint(0, classes, (size,), generator=generator)
        keys = random_rows(size, 3, seed=100 * seed + step, dtype=torch.float32)
        queue.enqueue(keys, labels)
        for key, label in zip(keys.tolist(), labels.tolist(), strict=True):
            oracle[label].append(key)
        assert held(queue) == {label: list(keys) for label, keys in oracle.items()}
        expected = [[label] * len(keys) + [-1] * (length - len(keys)) for label, keys in oracle.items()]
        assert queue.labels.view(classes, length).tolist() == expected
        assert sorted(queue.keys[queue.labels >= 0].tolist()) == sorted(k for keys in oracle.values() for k in keys)


def test_what_was_read_does_not_change() -> None:
    queue = ClassQueue(1, 1, 2)
    keys = queue.keys
    queue.enqueue(torch.ones(1, 2), torch.tensor([0]))
    assert not keys.any() and queue.keys.all()


def test_keys_that_are_not_finite_stay_out() -> None:
    """They leave no gap, and the others enter."""
    queue = ClassQueue(2, 2, 2)
    rows = torch.tensor([[1.0, 1.0], [torch.inf, 1.0], [torch.nan, 0.0], [2.0, 2.0]])
    queue.enqueue(rows.half(), torch.tensor([1, 1, 0, 1]))
    assert held(queue) == {0: [], 1: [[1.0, 1.0], [2.0, 2.0]]}


def test_it_is_part_of_a_checkpoint() -> None:
    queue, other = ClassQueue(2, 3, 4), ClassQueue(2, 3, 4)
    queue.enqueue(random_rows(4, 4, dtype=torch.float32), torch.tensor([1, 0, 1, 1]))
    other.load_state_dict(queue.state_dict())
    assert held(other) == held(queue) and torch.equal(other.labels, queue.labels)


@pytest.mark.parametrize('sizes', [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_sizes(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match='at least 1, got'):
        ClassQueue(*sizes)
