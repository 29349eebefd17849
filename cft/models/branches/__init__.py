"""The part that every task plugs in, and what the tasks' heads share."""

from .bi_tuning_branch import BiTuningBranch, PastAndPresentKeys
from .class_queue import ClassQueue
from .contrastive_branch import ContrastiveBranch
from .contrastive_side import ContrastiveSide, smooth_cross_entropy, zero_through
from .moving_average import MovingAverage
from .recording import record_calls

__all__ = [
    'BiTuningBranch',
    'ClassQueue',
    'ContrastiveBranch',
    'ContrastiveSide',
    'MovingAverage',
    'PastAndPresentKeys',
    'record_calls',
    'smooth_cross_entropy',
    'zero_through',
]
