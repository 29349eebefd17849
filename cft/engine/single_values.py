"""Normalisations that a batch is too small for."""

import contextlib
import re
from collections.abc import Iterator

from cft.errors import ConfigError

TOO_FEW = re.compile(r'Expected more than 1 (?:value per channel|spatial element) when training, got input size (.+)')


class SingleValueError(ConfigError):
    """A BatchNorm met one value per channel."""


@contextlib.contextmanager
def explained_batches(where: str = 'a batch') -> Iterator[None]:
    """Say what a batch is too small for, instead of PyTorch's error in the middle of a model.

    Args:
        where: Which batch it is.

    Raises:
        SingleValueError: A :class:`ConfigError`, if a BatchNorm meets one value per channel: of a batch of
            one image after a pooling, or of one region.

    Example:
        >>> with explained_batches():
        ...     pass
    """
    try:
        yield
    except ValueError as error:
        found = TOO_FEW.search(str(error))
        if found is None:
            raise
        shape = re.sub(r'torch\.Size\((.+)\)', r'\1', found[1])
        raise SingleValueError(
            f'{where} leaves a BatchNorm with one value per channel (input {shape}), which has no variance: set '
            'train_dataloader.batch_size to 2 or more, train_dataloader.drop_last=True where it is the last batch of '
            "an epoch, or another norm_cfg there, such as dict(type='GN', num_groups=32)"
        ) from error
