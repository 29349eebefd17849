"""Measures of a model, and what a comparison of models allows one to say."""

from .comparison import Comparison, MethodResult, MetricResult, PairOfMethods, compare_methods
from .conclusions import findings
from .differences import PairedDifference, holm, paired_difference
from .nearest_neighbours import knn_accuracy
from .paired import MethodSummary, baseline_of, runs_by_draw, summarise
from .recommendation import Recommendation, recommend, statements
from .result import Evaluation
from .scatter import scatter_ratio

__all__ = [
    'Comparison',
    'Evaluation',
    'MethodResult',
    'MethodSummary',
    'MetricResult',
    'PairOfMethods',
    'PairedDifference',
    'Recommendation',
    'baseline_of',
    'compare_methods',
    'findings',
    'holm',
    'knn_accuracy',
    'paired_difference',
    'recommend',
    'runs_by_draw',
    'scatter_ratio',
    'statements',
    'summarise',
]
