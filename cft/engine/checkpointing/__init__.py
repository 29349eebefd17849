"""A run's own checkpoints: written without loss, found again, continued from."""

from .atomic_hook import AtomicCheckpointHook
from .classes import check_classes, classes_of
from .due import saves_after_epoch, saves_after_iteration
from .latest import find_resumable, write_record
from .model_fit import fill, require_whole

__all__ = [
    'AtomicCheckpointHook',
    'check_classes',
    'classes_of',
    'fill',
    'find_resumable',
    'require_whole',
    'saves_after_epoch',
    'saves_after_iteration',
    'write_record',
]
