"""Training loops."""

from .resumable_epoch import ResumableEpochLoop

__all__ = ['ResumableEpochLoop']
