"""Progress of a pass over the training data outside the training loop."""

import sys
from collections.abc import Iterator

from mmengine.dist import is_main_process
from mmengine.runner import Runner
from rich.progress import track


def training_batches(runner: Runner, task: str) -> Iterator[dict]:
    """The batches of one pass, with a bar on a terminal and about ten log lines elsewhere.

    Example:
        >>> for batch in training_batches(runner, 'Features of all training images'):  # doctest: +SKIP
        ...     model.collect(batch)
    """
    loader = runner.train_dataloader
    if is_main_process() and sys.stdout.isatty():
        yield from track(loader, description=task, total=len(loader))
        return
    interval = max(1, len(loader) // 10)
    for number, batch in enumerate(loader, start=1):
        yield batch
        if number % interval == 0:
            runner.logger.info(f'{task}: {number} of {len(loader)} batches')
