"""What a notebook user and the command-line tools call."""

from typing import TYPE_CHECKING

from .lazy import lazy_names

if TYPE_CHECKING:
    from .comparison.method_comparison import compare
    from .comparison.plan import plan_comparison
    from .configs.catalogue import find_config, list_configs
    from .configs.config import load_config
    from .evaluation.evaluating import evaluate, evaluate_runner
    from .evaluation.features import extract_features
    from .experiments.domain_generalization import leave_one_domain_out
    from .experiments.runs import run_plan, train_and_measure
    from .exporting.exporting import export
    from .prediction.prediction import predict
    from .reporting.reporting import plot, report
    from .running.planning import dry_run
    from .running.runner import build_runner, initialise
    from .running.training import leave_process_group, test, train
    from .running.training_plan import TrainingPlan
    from .searching.searching import SearchResult, search
else:
    __getattr__ = lazy_names(__name__)

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


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
