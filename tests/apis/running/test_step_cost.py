"""Time and memory of steps against what a step does by construction."""

import statistics
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.logging import MessageHub

from cft.apis.running.step_cost import (
    logged_step_seconds,
    peak_bytes,
    saved_bytes,
    started_step,
    step_seconds,
    training_step,
)
from tests.support.digits_runs import short_config


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
    """Median seconds of each, after a warm-up round that does not count; each once a round, not always in one order."""
    calls = []

    def step(name: str, seconds: float) -> None:
        time.sleep(seconds if name in calls else 0.5)
        calls.append(name)

    quick, slow = step_seconds([lambda: step('quick', 0.0), lambda: step('slow', 0.1)], rounds=3)
    rounds = {tuple(calls[start : start + 2]) for start in range(0, 8, 2)}
    assert rounds == {('quick', 'slow'), ('slow', 'quick')} and len(calls) == 8
    assert quick < 0.1 <= slow < 0.4


def test_a_step_of_a_run_that_has_a_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins as a training does: at the schedule's first learning rate, which stays."""
    monkeypatch.setattr('cft.apis.running.step_cost.training_step', lambda runner: runner)
    cfg = short_config('mocov2', tmp_path)
    cfg.param_scheduler = [dict(type='LinearLR', start_factor=0.01, by_epoch=True, begin=0, end=4)]
    runner: Any = started_step(cfg)
    training_step(runner)()
    assert runner.optim_wrapper.get_lr()['lr'] == [pytest.approx(0.01 * cfg.optim_wrapper.optimizer.lr)]


def test_what_the_backward_pass_needs() -> None:
    """The input of a linear layer and the square's argument; the weight itself is there anyway."""
    model = torch.nn.Linear(3, 2)
    rows = torch.ones(5, 3, requires_grad=True)
    # The gradient of the weight takes the rows (15 numbers), that of the square its argument (10).
    assert saved_bytes(lambda: model(rows).square().sum(), model) == 4 * (15 + 10)
    assert saved_bytes(lambda: rows.sum(), model) == 0


def test_logged_seconds_leave_out_waiting_and_warm_up() -> None:
    hub = MessageHub.get_instance('logged_seconds')
    for index in range(10):
        # The first two steps of ten take long; in each, 0.5 s are spent waiting for data.
        hub.update_scalar('train/time', 9.0 if index < 2 else 0.5 + 0.1 * (index % 3))
        hub.update_scalar('train/data_time', 0.5)
    steps = [0.1 * (index % 3) for index in range(2, 10)]
    assert logged_step_seconds(SimpleNamespace(message_hub=hub)) == pytest.approx(statistics.median(steps))
