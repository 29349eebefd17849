"""Many runs as one thing: a plan, what is finished of it, and its results."""

from .plan import Plan
from .records import RunRecord
from .run import Output, Run

__all__ = ['Output', 'Plan', 'Run', 'RunRecord']
