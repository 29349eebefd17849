"""Epochs that a resumed run continues in the middle."""

from mmengine.runner import EpochBasedTrainLoop
from torch import nn

from cft.errors import ConfigError
from cft.registry import LOOPS

from .resumable import ResumableLoop


@LOOPS.register_module()
class ResumableEpochLoop(ResumableLoop, EpochBasedTrainLoop):
    """MMEngine's loop over epochs, exact also after a checkpoint from within one.

    MMEngine's own repeats the epoch from its first batch. This one goes on with
    the batch that follows the checkpoint, in the order of that epoch (given by
    ``DistSamplerSeedHook``), and leaves the images of the earlier ones unread.
    From a checkpoint written after the last batch of an epoch, but before the
    epoch's end, only what hooks do at the end is left. A validation that an
    interruption cut short is repeated.

    The seeds of a sample's augmentation follow from the run's seed, the rank
    and the iteration (:class:`cft.engine.seeded_batches.SeededBatch`). With
    ``cft.IterationSeedHook`` for what the model draws, the resumed run is
    bit-identical to the uninterrupted one on CPUs, whatever ``num_workers`` is
    before and after (with a fixed number of threads, such as
    ``OMP_NUM_THREADS=1``). Transforms with generators of their own, random
    collate functions in another process than before, and data without indices
    are beyond that.

    Args:
        kwargs: Those of :class:`mmengine.runner.EpochBasedTrainLoop`.

    Raises:
        ConfigError: Before training, if the checkpoint's iteration does not lie
            in its epoch, as after a change of the batch size.

    Example:
        >>> train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=200)
        >>> default_hooks = dict(checkpoint=dict(type='cft.AtomicCheckpointHook', by_epoch=False, interval=1000))
    """

    @property
    def batches_done(self) -> int:
        """Number of batches of the current epoch that have been trained on."""
        return self._iter - self._epoch * len(self.dataloader)

    def run(self) -> nn.Module:
        """Train; after a resume from where the checkpoint stands."""
        self._check_remaining(self._epoch, self._max_epochs, 'max_epochs')
        if not 0 <= self.batches_done <= len(self.dataloader):
            raise ConfigError(
                f'the checkpoint stands at iteration {self._iter} and epoch {self._epoch}, which does not fit '
                f'{len(self.dataloader)} batches in an epoch; resume with the data set, batch size and number of '
                'processes that it was written with, or start afresh with load_from and without resume'
            )
        self._take_seed_of_checkpoint()
        self.runner.call_hook('before_train')
        if self.batches_done == 0:
            self._make_up_for_validation(self._epoch, self._max_epochs)
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._validate_if_due(self._epoch, self._max_epochs)
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Train on what is left of the current epoch."""
        start = self.batches_done
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        if start < len(self.dataloader):
            # Only now: a hook has given the sampler the number of the epoch.
            self._begin_pass(self._iter, drop=start)
            for batch_idx, data_batch in enumerate(self.dataloader, start):
                self.run_iter(batch_idx, data_batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
