"""Time and memory of training steps: repeated beside each other, or as a run has logged them."""

import random
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import Tensor, nn

from .runner import initialise, prepare_config
from .training import prepare_runner


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


def started_step(cfg: Config) -> Callable[[], None]:
    """:func:`training_step` of a run that has just begun: all that happens before its first step is done.

    Args:
        cfg: From :func:`cft.apis.load_config`, with ``work_dir`` set; completed in place.

    Example:
        >>> step = started_step(load_config('quickstart/sce_digits', {'work_dir': 'cost'}))  # doctest: +SKIP
    """
    prepare_config(cfg, starts=True)
    runner = prepare_runner(cfg)
    initialise(runner)
    if runner.param_schedulers is not None:
        # As Runner.train() does; checkpoints are told of the schedules before training.
        runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
    for place in ('before_run', 'before_train', 'before_train_epoch'):
        runner.call_hook(place)
    return training_step(runner)


def round_seconds(
    steps: Sequence[Callable[[], None]], rounds: int = 10, processor_time: bool = False
) -> list[list[float]]:
    """Seconds of each step in each round.

    The steps take turns, in another order in each round, so that whatever else
    the machine does, and what a step leaves in the caches, meets all of them
    alike; a first round warms up.

    Args:
        steps: Functions of :func:`training_step`, or others.
        rounds: Timed repetitions of each.
        processor_time: Of all threads of this process, instead of the time that passes.

    Example:
        >>> [len(seconds) for seconds in round_seconds([lambda: None] * 3, rounds=2)]
        [2, 2, 2]
    """
    now = time.process_time if processor_time else time.perf_counter
    seconds: list[list[float]] = [[] for _ in steps]
    orders = random.Random(0)
    for _ in range(rounds + 1):
        for place in orders.sample(range(len(steps)), len(steps)):
            _synchronise()
            started = now()
            steps[place]()
            _synchronise()
            seconds[place].append(now() - started)
    return [taken[1:] for taken in seconds]


def step_seconds(steps: Sequence[Callable[[], None]], rounds: int = 10) -> list[float]:
    """Median over rounds of :func:`round_seconds`.

    Example:
        >>> step_seconds([lambda: None], rounds=1)[0] < 1
        True
    """
    return [statistics.median(seconds) for seconds in round_seconds(steps, rounds)]


def logged_step_seconds(runner: Runner) -> float:
    """Median seconds of the training steps that a run has made, without waiting for data; the first fifth is warm-up.

    Args:
        runner: After training.

    Example:
        >>> logged_step_seconds(runner)  # doctest: +SKIP
        0.012
    """
    seconds, waiting = (runner.message_hub.get_scalar(f'train/{name}').data[0] for name in ('time', 'data_time'))
    steps = np.asarray(seconds) - np.asarray(waiting)
    return float(np.median(steps[len(steps) // 5 :]))


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
    cpu = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=cpu, profile_memory=True, acc_events=True) as profiler:
        step()
    changes = [event for event in profiler.profiler.kineto_results.events() if event.name() == '[memory]']
    held = peak = 0
    for event in sorted(changes, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def saved_bytes(forward: Callable[[], Tensor], model: nn.Module) -> int:
    """Memory that a forward pass keeps for the backward pass, the model's parameters left out, in bytes.

    Args:
        forward: Returns what the backward pass would start from.
        model: The model that it calls.

    Example:
        >>> model = nn.Linear(3, 1)
        >>> saved_bytes(lambda: model(torch.ones(5, 3, dtype=torch.float32)).square().sum(), model)
        80
    """
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    storages: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        # The graph must live until all is counted: a freed address would be counted once for two tensors.
        result = forward()
    del result
    return sum(storages.values())


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
