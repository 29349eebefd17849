"""One pass over a data set in its order, shared among the processes, without what a sampler pads."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import DefaultSampler
from mmengine.dist import all_gather, all_gather_object, get_world_size, is_main_process
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from cft.engine.seeded_batches import undisturbed_generators

# Of the loader that a config gives its split; the rest is about training, or about processes that stay.
KEPT = ('batch_size', 'num_workers', 'collate_fn', 'pin_memory')


def ordered_loader(dataset: Dataset | dict, settings: ConfigDict | dict) -> DataLoader:
    """A loader whose batches :func:`in_order` puts together again.

    Args:
        dataset: Built, or its config.
        settings: The data loader of a config, of which the size of the batches and the way of reading are taken.

    Example:
        >>> ordered_loader(runner.test_dataloader.dataset, cfg.test_dataloader)  # doctest: +SKIP
    """
    kept = {name: settings[name] for name in KEPT if name in settings}
    sampler = {'type': 'mmengine.DefaultSampler', 'shuffle': False, 'seed': 0}
    return Runner.build_dataloader({**kept, 'dataset': dataset, 'sampler': sampler})


def reordered(loader: DataLoader, dataset: Dataset | None = None) -> DataLoader:
    """A loader of the same kind whose batches :func:`in_order` puts together again.

    Args:
        loader: With batches of a fixed size.
        dataset: Read instead of its own.

    Example:
        >>> reordered(runner.val_dataloader)  # doctest: +SKIP
    """
    dataset = loader.dataset if dataset is None else dataset
    return DataLoader(
        dataset,
        batch_size=loader.batch_size or 1,
        sampler=DefaultSampler(dataset, shuffle=False, seed=0),
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        worker_init_fn=loader.worker_init_fn,
    )


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode without gradients; afterwards each module has its own mode again, and the CPU generators their state.

    Example:
        >>> model = nn.Dropout().train()
        >>> with evaluation_mode(model):
        ...     model.training
        False
        >>> model.training
        True
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad(), undisturbed_generators():
            yield
    finally:
        for module, training in modes:
            module.training = training


def in_order(batches: Iterable[dict[str, Tensor]], images: int) -> Iterator[dict[str, np.ndarray]]:
    """The rows of all processes in the order of the data set, batch by batch.

    Process r of W reads samples r, r + W, ...; the last ones may be padding.

    Args:
        batches: Of this process, from an :func:`ordered_loader`: named tensors (B, ...). All processes yield as many.
        images: Number of samples of the data set.

    Yields:
        Named arrays (up to B * W, ...), the same in every process.

    Example:
        >>> [rows['features'].tolist() for rows in in_order([{'features': torch.eye(2)}], images=2)]
        [[[1.0, 0.0], [0.0, 1.0]]]
    """
    done = 0
    for batch in batches:
        joined = {
            name: torch.stack(all_gather(value.contiguous()), dim=1).flatten(0, 1) for name, value in batch.items()
        }
        yield {name: value[: images - done].cpu().numpy() for name, value in joined.items()}
        done += len(next(iter(joined.values())))


def joined_in_order(batches: Iterable[dict[str, Tensor]], images: int) -> dict[str, np.ndarray] | None:
    """What :func:`in_order` yields as one array (images, ...) for each name, in the main process alone.

    Others take part and keep nothing: the features of a large data set would not fit several times.

    Example:
        >>> joined_in_order([{'labels': torch.arange(2)}, {'labels': torch.arange(2)}], images=3)
        {'labels': array([0, 1, 0])}
    """
    whole: dict[str, np.ndarray] = {}
    done = 0
    for rows in in_order(batches, images):
        if not is_main_process():
            continue
        for name, values in rows.items():
            if name not in whole:
                whole[name] = np.empty((images, *values.shape[1:]), values.dtype)
            whole[name][done : done + len(values)] = values
        done += len(next(iter(rows.values())))
    return whole if is_main_process() else None


def objects_in_order(own: list[Any], images: int) -> list[Any]:
    """What :func:`in_order` does, for one object of Python a sample, at the end of a pass.

    Example:
        >>> objects_in_order(['a', 'b', 'padding'], images=2)
        ['a', 'b']
    """
    parts = all_gather_object(own) if get_world_size() > 1 else [own]
    return [value for row in zip(*parts, strict=True) for value in row][:images]


def told_batches(loader: DataLoader, task: str, log: Callable[[str], None]) -> Iterator[Any]:
    """The batches of a loader, with a bar on a terminal and about ten log lines elsewhere."""
    if is_main_process() and sys.stderr.isatty():
        yield from track(loader, description=task, total=len(loader), console=Console(stderr=True))
        return
    interval = max(1, len(loader) // 10)
    for number, batch in enumerate(loader, start=1):
        yield batch
        if number % interval == 0 and len(loader) > interval:
            log(f'{task}: {number} of {len(loader)} batches')
