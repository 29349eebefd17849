"""What happens to image files that cannot be read."""

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from cft.datasets.image_errors import guard_images, look_ahead
from cft.errors import ConfigError
from cft.registry import HOOKS


@HOOKS.register_module()
class UnreadableImagesHook(Hook):
    """Name an image file that is missing, empty, cut off or no image; stop or skip it.

    In training, ``on_error='skip'`` lets the next readable image of the data
    set take the place of an unreadable one, within the split and the same in
    every run. Each is told in the log when it is first met, all of them at the
    end. In validation and test an unreadable image always is an error: figures
    on fewer images would not be those of the data set.

    Before the first step, some images of the training and validation data are
    looked at whose depth or kind may not be what the model is to see.

    Damage inside a file that its decoder does not notice stays unnoticed.

    Args:
        on_error: ``'raise'`` or ``'skip'``.
        max_skipped: With ``'skip'``, stop when one process has met more than so many.

    Raises:
        ConfigError: If an argument is none of these.
        DataError: In the step that needs the image.

    Example:
        >>> default_hooks = dict(unreadable_images=dict(type='cft.UnreadableImagesHook', on_error='skip'))
    """

    priority = 'VERY_HIGH'

    def __init__(self, on_error: str = 'raise', max_skipped: int = 100) -> None:
        if on_error not in ('raise', 'skip'):
            raise ConfigError(f"UnreadableImagesHook: on_error must be 'raise' or 'skip', got {on_error!r}")
        if max_skipped < 1:
            raise ConfigError(f'UnreadableImagesHook: max_skipped must be at least 1, got {max_skipped}')
        self.on_error = on_error
        self.max_skipped = max_skipped

    def before_train(self, runner: Runner) -> None:
        limit = self.max_skipped if self.on_error == 'skip' else None
        self._guarded = guard_images(runner.train_dataloader.dataset, limit)
        if self.on_error == 'raise':
            look_ahead(runner.train_dataloader.dataset)
        if runner.val_loop is not None:
            look_ahead(runner.val_dataloader.dataset)

    def before_val(self, runner: Runner) -> None:
        guard_images(runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        guard_images(runner.test_dataloader.dataset)

    def after_train(self, runner: Runner) -> None:
        if self.on_error == 'raise':
            return
        found = [file for guarded in self._guarded for file in guarded.files()]
        files = sorted({file for rank in all_gather_object(found) for file in rank})
        if files:
            runner.logger.warning(
                f'{len(files)} of {len(runner.train_dataloader.dataset)} training images could not be read and were '
                f'replaced by others: {", ".join(files)}'
            )
