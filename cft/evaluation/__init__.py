"""Measures of a model, and what a comparison of models allows one to say."""

from .conclusions import findings
from .nearest_neighbours import knn_accuracy
from .paired import MethodSummary, baseline_of, runs_by_draw, summarise
from .result import Evaluation
from .scatter import scatter_ratio

__all__ = [
    'Evaluation',
    'MethodSummary',
    'baseline_of',
    'findings',
    'knn_accuracy',
    'runs_by_draw',
    'scatter_ratio',
    'summarise',
]
