"""Time and memory of steps against what a step does by construction."""

import time

import pytest
import torch

from cft.apis.step_cost import peak_bytes, step_seconds


@pytest.mark.skipif(torch.cuda.is_available(), reason='the tensors of this test lie on the CPU')
def test_peak_counts_what_is_held_at_the_same_time() -> None:
    """Two tensors after each other cost the larger one, together their sum; what was there before costs nothing."""
    before = torch.zeros(1_000_000)

    def after_each_other() -> None:
        first = torch.ones(500_000)
        del first
        torch.ones(250_000)

    def together() -> None:
        first = torch.ones(500_000)
        second = before[:250_000] + 1
        del first, second

    assert peak_bytes(after_each_other) == pytest.approx(2_000_000, rel=0.01)
    assert peak_bytes(together) == pytest.approx(3_000_000, rel=0.01)


def test_steps_take_turns() -> None:
    """Median seconds, in order, after a warm-up round that does not count."""
    calls = []

    def step(name: str, seconds: float) -> None:
        time.sleep(seconds if name in calls else 0.5)
        calls.append(name)

    quick, slow = step_seconds([lambda: step('quick', 0.0), lambda: step('slow', 0.1)], rounds=3)
    assert calls == ['quick', 'slow'] * 4
    assert quick < 0.1 <= slow < 0.4
