"""Measures of a model, and what a comparison of models allows one to say."""

from .calibration import calibration_scores
from .cluster_validity import s_dbw
from .comparison import Comparison, MethodResult, MetricResult, PairOfMethods, compare_methods
from .confusion import confusion_matrix, mean_per_class_accuracy, most_confident, per_class_scores
from .differences import PairedDifference, holm, paired_difference
from .embedding_measures import KNOWN_MEASURES, MEASURES, checked_measures, measure
from .episodes import Episodes, draw_episodes
from .few_shot import EpisodeProtocol, FewShotAccuracy, few_shot_accuracy, task_accuracies
from .hypersphere import alignment, uniformity
from .isotropy_score import isotropy
from .linear_classifiers import linear_probe_accuracy, linear_svm_accuracy
from .many_shot import many_shot_accuracy, many_shot_map
from .measure_material import Measure
from .nearest_means import nearest_mean_accuracy
from .nearest_neighbours import knn_accuracy
from .out_of_distribution import confidence_scores, neighbour_scores, ood_auroc
from .pair_similarities import SimilarityHistograms, mean_similarities, similarity_histograms
from .published_protocols import PROTOCOLS
from .recommendation import Recommendation, recommend, statements
from .result import Evaluation
from .retrieval import retrieval_scores
from .robustness import RobustnessCheck, masking_signs, robust_accuracy, robustness_table
from .scatter import scatter_ratio
from .voc07_svm import low_shot_rows, svm_maps

__all__ = [
    'KNOWN_MEASURES',
    'MEASURES',
    'PROTOCOLS',
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
    'RobustnessCheck',
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
    'low_shot_rows',
    'many_shot_accuracy',
    'many_shot_map',
    'masking_signs',
    'mean_per_class_accuracy',
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
    'robust_accuracy',
    'robustness_table',
    's_dbw',
    'scatter_ratio',
    'similarity_histograms',
    'statements',
    'svm_maps',
    'task_accuracies',
    'uniformity',
]
