"""Epochs that a resumed run continues in the middle."""

from collections.abc import Iterator
from itertools import islice

from mmengine.runner import EpochBasedTrainLoop
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, Sampler

from cft.errors import ConfigError
from cft.registry import LOOPS


class RemainingBatches(Sampler):
    """The batches of another batch sampler without the first ones.

    Example:
        >>> list(RemainingBatches([[0, 1], [2, 3], [4]], start=1))
        [[2, 3], [4]]
    """

    def __init__(self, batch_sampler: Sampler, start: int) -> None:
        self.batch_sampler = batch_sampler
        self.start = start

    def __iter__(self) -> Iterator[list[int]]:
        return islice(self.batch_sampler, self.start, None)

    def __len__(self) -> int:
        return len(self.batch_sampler) - self.start


def remaining_batches(dataloader: DataLoader, start: int) -> DataLoader:
    """A data loader of the same samples and settings that begins with batch ``start``.

    The images of earlier batches are not loaded: their indices are drawn from
    the batch sampler and dropped.

    Raises:
        ConfigError: If the data loader does not draw batches of indices.

    Example:
        >>> loader = DataLoader(range(5), batch_size=2)
        >>> list(remaining_batches(loader, start=1))
        [tensor([2, 3]), tensor([4])]
    """
    if dataloader.batch_sampler is None or isinstance(dataloader.dataset, IterableDataset):
        raise ConfigError(
            'a run cannot be resumed in the middle of an epoch whose data come without indices; '
            'resume from a checkpoint that was written at the end of an epoch'
        )
    return DataLoader(
        dataloader.dataset,
        batch_sampler=RemainingBatches(dataloader.batch_sampler, start),
        num_workers=dataloader.num_workers,
        collate_fn=dataloader.collate_fn,
        pin_memory=dataloader.pin_memory,
        timeout=dataloader.timeout,
        worker_init_fn=dataloader.worker_init_fn,
        multiprocessing_context=dataloader.multiprocessing_context,
        generator=dataloader.generator,
        prefetch_factor=dataloader.prefetch_factor,
    )


@LOOPS.register_module()
class ResumableEpochLoop(EpochBasedTrainLoop):
    """MMEngine's loop over epochs, exact also after a checkpoint from within one.

    MMEngine's own repeats the epoch from its first batch. This one goes on with
    the batch that follows the checkpoint, in the order of that epoch (given by
    ``DistSamplerSeedHook``), and leaves the images of the earlier ones unread.
    From a checkpoint written after the last batch of an epoch, but before the
    epoch's end, only what hooks do at the end is left.

    With ``cft.IterationSeedHook`` and ``num_workers=0`` the resumed run is
    bit-identical to the uninterrupted one.

    Args:
        kwargs: Those of :class:`mmengine.runner.EpochBasedTrainLoop`.

    Raises:
        ConfigError: Before training, if the checkpoint's iteration does not lie
            in its epoch, as after a change of the batch size.

    Example:
        >>> train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=200)
        >>> default_hooks = dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=1000))
    """

    @property
    def batches_done(self) -> int:
        """Number of batches of the current epoch that have been trained on."""
        return self._iter - self._epoch * len(self.dataloader)

    def run(self) -> nn.Module:
        """Train; after a resume from where the checkpoint stands."""
        if not 0 <= self.batches_done <= len(self.dataloader):
            raise ConfigError(
                f'the checkpoint stands at iteration {self._iter} and epoch {self._epoch}, which does not fit '
                f'{len(self.dataloader)} batches in an epoch; resume with the data set, batch size and number of '
                'processes that it was written with, or start afresh with load_from and without resume'
            )
        return super().run()

    def run_epoch(self) -> None:
        """Train on what is left of the current epoch."""
        start = self.batches_done
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        # Only now: a hook may have given the data loader a generator.
        dataloader = remaining_batches(self.dataloader, start) if start else self.dataloader
        for batch_idx, data_batch in enumerate(dataloader, start):
            self.run_iter(batch_idx, data_batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
