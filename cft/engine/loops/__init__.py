"""Training loops."""

from .resumable_epoch import ResumableEpochLoop
from .resumable_iter import ResumableIterLoop

__all__ = ['ResumableEpochLoop', 'ResumableIterLoop']
