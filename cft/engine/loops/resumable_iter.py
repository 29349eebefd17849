"""Iterations that a resumed run continues without loading what came before."""

from collections.abc import Iterator
from itertools import count

from mmengine.dist import get_rank
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn

from cft.errors import ConfigError
from cft.registry import LOOPS

from .kept_batches import batches_key, kept_batches
from .resumable import ResumableLoop


@LOOPS.register_module()
class ResumableIterLoop(ResumableLoop, IterBasedTrainLoop):
    """MMEngine's loop over iterations, exact after a checkpoint from any of them.

    A resumed run draws the indices of the batches that are done and drops them,
    for any sampler and batch sampler; MMEngine's own loads and discards the
    images where it does not know the sampler. Samplers with
    ``skip(num_samples)``, such as ``InfiniteSampler`` and
    :class:`cft.datasets.DomainBalancedSampler`, jump ahead. A sampler with an
    end is begun again, with the number of the pass as its epoch. A validation
    that an interruption cut short is repeated.

    Augmentation is seeded, and a resumed run is bit-identical, as with
    :class:`ResumableEpochLoop`.

    Args:
        keep_batches: Keep the augmented batches in memory for the next run of
            this process with the same data settings, seed and number of
            iterations, such as another method on the same draw of labels. The
            result is the same; a resumed run loads its own. For short runs on
            small images.
        kwargs: Those of :class:`mmengine.runner.IterBasedTrainLoop`; with
            ``fast_forward_on_resume=True`` the data begin anew, in another
            order than that of the uninterrupted run.

    Raises:
        ConfigError: If the data hold no batch, or, when resuming, come without indices.

    Example:
        >>> train_cfg = dict(type='cft.ResumableIterLoop', max_iters=20000, val_interval=300)
    """

    def __init__(self, runner: Runner, *args: object, keep_batches: bool = False, **kwargs: object) -> None:
        super().__init__(runner, *args, **kwargs)
        self.keep_batches = keep_batches

    def run(self) -> nn.Module:
        """Train; after a resume from where the checkpoint stands."""
        self._check_remaining(self._iter, self._max_iters, 'max_iters')
        self._take_seed_of_checkpoint()
        self.runner.call_hook('before_train')
        # In MMEngine, a run over iterations is one big epoch.
        self.runner.call_hook('before_train_epoch')
        self._make_up_for_validation(self._iter, self._max_iters)
        # Kept: an InfiniteSampler has one stream of indices, which would end with the first iterator over it.
        self._data = self._endless_batches()
        # A loader that was built in code has no settings to be known by.
        if self.keep_batches and self._iter == 0 and 'train_dataloader' in self.runner.cfg:
            key = batches_key(self.runner, get_rank(), self._max_iters)
            self._data = kept_batches(key, self._data, self._max_iters)
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self._data))
            self._validate_if_due(self._iter, self._max_iters)
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def _endless_batches(self) -> Iterator:
        """The batches that follow what is done, pass after pass over the data."""
        drop = 0 if self.fast_forward_on_resume else self._iter
        for number in count():
            dropped = self._begin_pass(self._iter, drop)
            drop -= dropped
            empty = dropped == 0
            if drop == 0:
                for batch in self.dataloader:
                    empty = False
                    yield batch
            if empty:
                raise ConfigError(
                    'the training data hold no batch; lower train_dataloader.batch_size, or set drop_last=False'
                )
            self._set_epoch(number + 1)

    def _set_epoch(self, number: int) -> None:
        samplers = [self.dataloader.sampler, getattr(self.batches, 'sampler', None)]
        for sampler in samplers:
            if hasattr(sampler, 'set_epoch'):
                sampler.set_epoch(number)
