"""Time and memory of training steps, measured beside each other."""

import statistics
import time
from collections.abc import Callable, Sequence

import torch
from mmengine.runner import Runner


def training_step(runner: Runner) -> Callable[[], None]:
    """A function that repeats one training step of a runner on the first batch of its data.

    Args:
        runner: After training; its model and optimiser go on changing.

    Example:
        >>> step = training_step(runner)  # doctest: +SKIP
    """
    batch = next(iter(runner.train_dataloader))
    runner.model.train()
    return lambda: runner.model.train_step(batch, optim_wrapper=runner.optim_wrapper)


def step_seconds(steps: Sequence[Callable[[], None]], rounds: int = 10) -> list[float]:
    """Median seconds of each step.

    The steps take turns, so that whatever else the machine does meets all of
    them; a first round warms up.

    Args:
        steps: Functions of :func:`training_step`.
        rounds: Timed repetitions of each.

    Example:
        >>> step_seconds([lambda: None], rounds=1)[0] < 1
        True
    """
    seconds: list[list[float]] = [[] for _ in steps]
    for _ in range(rounds + 1):
        for step, taken in zip(steps, seconds, strict=True):
            _synchronise()
            started = time.perf_counter()
            step()
            _synchronise()
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken[1:]) for taken in seconds]


def peak_bytes(step: Callable[[], None]) -> int:
    """Largest amount of memory that a step holds beyond what was held before it, in bytes.

    On CUDA by the allocator's counter, on CPUs by the profiler's record of
    allocations.

    Args:
        step: A function of :func:`training_step` that ran before, so that the
            optimiser's state exists.

    Example:
        >>> peak_bytes(lambda: torch.zeros(1000, dtype=torch.float64)) >= 8000
        True
    """
    if torch.cuda.is_available():
        _synchronise()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        _synchronise()
        return torch.cuda.max_memory_allocated() - before
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    changes = [event for event in profiler.profiler.kineto_results.events() if event.name() == '[memory]']
    held = peak = 0
    for event in sorted(changes, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
