"""Measures of a model, and what a comparison of models allows one to say."""

from .calibration import calibration_scores
from .cluster_validity import s_dbw
from .comparison import Comparison, MethodResult, MetricResult, PairOfMethods, compare_methods
from .confusion import confusion_matrix, most_confident, per_class_scores
from .differences import PairedDifference, holm, paired_difference
from .embedding_measures import MEASURES, Measure, checked_measures, measure
from .episodes import Episodes, draw_episodes
from .few_shot import EpisodeProtocol, FewShotAccuracy, few_shot_accuracy, task_accuracies
from .hypersphere import alignment, uniformity
from .isotropy_score import isotropy
from .linear_classifiers import linear_probe_accuracy, linear_svm_accuracy
from .nearest_means import nearest_mean_accuracy
from .nearest_neighbours import knn_accuracy
from .out_of_distribution import confidence_scores, neighbour_scores, ood_auroc
from .pair_similarities import SimilarityHistograms, mean_similarities, similarity_histograms
from .recommendation import Recommendation, recommend, statements
from .result import Evaluation
from .retrieval import retrieval_scores
from .scatter import scatter_ratio

__all__ = [
    'MEASURES',
    'Comparison',
    'EpisodeProtocol',
    'Episodes',
    'Evaluation',
    'FewShotAccuracy',
    'Measure',
    'MethodResult',
    'MetricResult',
    'PairOfMethods',
    'PairedDifference',
    'Recommendation',
    'SimilarityHistograms',
    'alignment',
    'calibration_scores',
    'checked_measures',
    'compare_methods',
    'confidence_scores',
    'confusion_matrix',
    'draw_episodes',
    'few_shot_accuracy',
    'holm',
    'isotropy',
    'knn_accuracy',
    'linear_probe_accuracy',
    'linear_svm_accuracy',
    'mean_similarities',
    'measure',
    'most_confident',
    'nearest_mean_accuracy',
    'neighbour_scores',
    'ood_auroc',
    'paired_difference',
    'per_class_scores',
    'recommend',
    'retrieval_scores',
    's_dbw',
    'scatter_ratio',
    'similarity_histograms',
    'statements',
    'task_accuracies',
    'uniformity',
]
