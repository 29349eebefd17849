"""What resumable loops share: seeded data, and validations that an interruption cut short."""

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from cft.engine.seeded_batches import seed_batches
from cft.errors import ConfigError

from .early_stopping import record_early_stopping

# MMEngine prints whatever begins with "val" beside the metrics.
VALIDATED = 'iter_of_validation'


class ValidationRecord(Hook):
    """Remember the iteration after which the model was last validated; checkpoints hold it."""

    # Before CheckpointHook, which may write its checkpoint again after a validation.
    priority = 'LOW'

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        runner.message_hub.update_info(VALIDATED, runner.iter)


class ResumableLoop(BaseLoop):
    """Base of the loops over epochs and iterations; comes before MMEngine's in the bases."""

    def __init__(self, runner: Runner, *args: object, **kwargs: object) -> None:
        super().__init__(runner, *args, **kwargs)
        self.batches = seed_batches(self.dataloader, runner.seed, get_rank())
        record_early_stopping(runner)
        runner.register_hook(ValidationRecord())

    def _check_remaining(self, done: int, total: int, setting: str) -> None:
        """Tell a resumed run that has nothing left to do.

        Raises:
            ConfigError: If its checkpoint is of a longer run than this one.
        """
        where = self.runner._load_from or 'the run'
        unit = 'epoch' if setting == 'max_epochs' else 'iteration'
        if done > total:
            raise ConfigError(
                f'{where} stands at {unit} {done}, beyond train_cfg.{setting}={total}: a run does not '
                'become shorter; raise it, or test the checkpoint'
            )
        if 0 < done == total:
            self.runner.logger.warning(
                f'{where} stands at {unit} {done}, the end of the run: nothing is left to train; '
                f'for more, raise train_cfg.{setting}'
            )

    def _take_seed_of_checkpoint(self) -> None:
        """Follow the runner, which adopts the checkpoint's seed after the data loader was built."""
        if self.batches is None or self.batches.seed == self.runner.seed:
            return
        sampler = getattr(self.batches, 'sampler', None)
        if sampler is not None and getattr(sampler, 'seed', None) == self.batches.seed:
            sampler.seed = self.runner.seed
        self.batches.seed = self.runner.seed

    def _begin_pass(self, iteration: int, drop: int) -> int:
        """Let the next pass over the data begin with the batch of an iteration; how many were dropped before it.

        Raises:
            ConfigError: If batches are to be dropped and the data come without indices.
        """
        if self.batches is not None:
            return self.batches.begin(iteration, drop)
        if drop:
            raise ConfigError(
                'a run cannot be resumed in the middle of a pass over data that come without indices '
                '(an IterableDataset, or batch_size=None); resume from a checkpoint that was written at the end of an '
                'epoch, or start afresh with load_from and without resume'
            )
        return 0

    def _validate_if_due(self, done: int, total: int) -> None:
        """Validate after ``done`` of ``total`` epochs or iterations, as the config's intervals say."""
        self._decide_current_val_interval()
        if self.runner.val_loop is None or done < self.val_begin:
            return
        if done % self.val_interval == 0 or done == total:
            self.runner.val_loop.run()

    def _make_up_for_validation(self, done: int, total: int) -> None:
        """Validate if the run was interrupted between a checkpoint and the end of the validation due then."""
        if done and self.runner.message_hub.get_info(VALIDATED) != self._iter:
            self._validate_if_due(done, total)
