"""Many runs as one thing: a plan, what is finished of it, and its results."""

from .cluster import Submitit
from .curves import read_curves
from .execution import RunsFailed, execute
from .executor import Executor
from .executor_names import named_executor
from .fingerprint import fingerprints
from .in_process import InProcess
from .job import Job, Outcome
from .local_workers import LocalWorkers
from .plan import Plan
from .progress import PlanProgress
from .records import RunRecord, folder_of, read_records
from .run import Output, Run

__all__ = [
    'Executor',
    'InProcess',
    'Job',
    'LocalWorkers',
    'Outcome',
    'Output',
    'Plan',
    'PlanProgress',
    'Run',
    'RunRecord',
    'RunsFailed',
    'Submitit',
    'execute',
    'fingerprints',
    'folder_of',
    'named_executor',
    'read_curves',
    'read_records',
]
