"""A step on trial, of which the run notices nothing."""

import copy
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, cast

import torch
from mmengine.runner import Runner

from cft.engine.batch_sizes import batch_size_of
from cft.engine.model_access import unwrap_model
from cft.engine.seeded_batches import undisturbed_generators

# The first step makes room and plans; a second is waited for up to so many seconds.
QUICK = 20.0


@contextmanager
def trial_step(runner: Runner, images: int) -> Iterator[Callable[[], None]]:
    """A function that sends images forward and backward through a copy of the model.

    The images are the first of the training data, with their augmentation; the
    random generators are put back at the end. Model, optimiser, data loader and
    hooks of the run stay as they are. The optimiser's own work is left out.

    Args:
        runner: Before training, in a single process.
        images: Their number.

    Example:
        >>> with trial_step(runner, images=4) as step:  # doctest: +SKIP
        ...     step()
    """
    loader = runner.train_dataloader
    model: Any = copy.deepcopy(unwrap_model(runner.model)).train()
    with undisturbed_generators(), torch.random.fork_rng():
        batch = cast(dict, loader.collate_fn([loader.dataset[index] for index in range(images)]))

        def step() -> None:
            model.zero_grad(set_to_none=True)
            with runner.optim_wrapper.optim_context(model):
                losses = model(**model.data_preprocessor(copy.deepcopy(batch), True), mode='loss')
            model.parse_losses(losses)[0].backward()

        yield step


def seconds_of(step: Callable[[], None]) -> float:
    """Seconds that a step takes; the smaller of two, unless one takes long.

    Example:
        >>> seconds_of(lambda: None) < 1
        True
    """
    first = _seconds(step)
    return min(first, _seconds(step)) if first < QUICK else first


def _seconds(step: Callable[[], None]) -> float:
    _synchronise()
    started = time.perf_counter()
    step()
    _synchronise()
    return time.perf_counter() - started


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def batch_and_images(runner: Runner) -> tuple[int, int]:
    """Images of each step and of the training data.

    Raises:
        TypeError: If the data are a stream, or come without batches.

    Example:
        >>> batch_and_images(runner)  # doctest: +SKIP
        (64, 3303)
    """
    loader = runner.train_dataloader
    batch = batch_size_of(loader)
    if not isinstance(batch, int) or not isinstance(loader.dataset, Sized):
        raise TypeError('the training data have no batches of a number of images')
    return batch, len(loader.dataset)
