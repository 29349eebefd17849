"""Training loops."""

from .few_shot import FewShotTestLoop, FewShotValLoop
from .resumable_epoch import ResumableEpochLoop
from .resumable_iter import ResumableIterLoop

__all__ = ['FewShotTestLoop', 'FewShotValLoop', 'ResumableEpochLoop', 'ResumableIterLoop']
