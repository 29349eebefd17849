"""What a notebook user and the command-line tools call."""

from .catalogue import find_config, list_configs
from .config import load_config
from .domain_generalization import leave_one_domain_out
from .evaluating import evaluate, evaluate_runner
from .experiments import run_plan, train_and_measure
from .exporting import export
from .features import extract_features
from .method_comparison import compare, plan_comparison
from .planning import dry_run
from .prediction import predict
from .reporting import plot, report
from .runner import build_runner, initialise
from .searching import SearchResult, search
from .training import leave_process_group, test, train
from .training_plan import TrainingPlan

__all__ = [
    'SearchResult',
    'TrainingPlan',
    'build_runner',
    'compare',
    'dry_run',
    'evaluate',
    'evaluate_runner',
    'export',
    'extract_features',
    'find_config',
    'initialise',
    'leave_one_domain_out',
    'leave_process_group',
    'list_configs',
    'load_config',
    'plan_comparison',
    'plot',
    'predict',
    'report',
    'run_plan',
    'search',
    'test',
    'train',
    'train_and_measure',
]
