"""The part that every task plugs in, and what the tasks' heads share."""

from .contrastive_branch import ContrastiveBranch
from .contrastive_side import ContrastiveSide, smooth_cross_entropy, zero_through
from .recording import record_calls

__all__ = ['ContrastiveBranch', 'ContrastiveSide', 'record_calls', 'smooth_cross_entropy', 'zero_through']
