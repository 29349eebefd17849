"""The measures of features and probabilities by name."""

import difflib
from collections.abc import Callable, Sequence

import numpy as np

from cft.errors import ConfigError, DataError

from .calibration import checked_probabilities
from .cluster_validity import s_dbw
from .confusion import mean_per_class_accuracy
from .feature_rows import checked_features
from .few_shot import EpisodeProtocol
from .hypersphere import alignment, uniformity
from .isotropy_score import isotropy
from .linear_classifiers import linear_probe_accuracy, linear_svm_accuracy
from .measure_material import Material, Measure
from .nearest_neighbours import knn_accuracy
from .out_of_distribution import confidence_scores, neighbour_scores, ood_auroc
from .published_protocols import PROTOCOLS
from .scatter import scatter_ratio


def _accuracy(material: Material) -> float:
    probabilities, labels = checked_probabilities(material.given('probabilities'), material.labels)
    return 100 * float((probabilities.argmax(axis=1) == labels).mean())


def _mean_per_class(material: Material) -> float:
    probabilities, labels = checked_probabilities(material.given('probabilities'), material.labels)
    return mean_per_class_accuracy(labels, probabilities.argmax(axis=1))


def _neighbours(k: int) -> Measure:
    def compute(material: Material) -> float:
        train, labels = checked_features(*material.training)
        if len(train) < k:
            raise DataError(f'knn/k{k} needs {k} training images; there are {len(train)}')
        return knn_accuracy(train, labels, material.features, material.labels, k=k)

    return Measure(compute, 'higher', f'accuracy of {k} nearest neighbours', ('train',), percent=True)


def _linear(accuracy: Callable[..., float], text: str) -> Measure:
    return Measure(lambda m: accuracy(*m.training, m.features, m.labels), 'higher', text, ('train',), percent=True)


def _retrieval(score: str, text: str) -> Measure:
    return Measure(lambda m: m.retrieval[score], 'higher', text, percent=True)


def _calibration(score: str, text: str) -> Measure:
    return Measure(lambda m: m.calibration[score], 'lower', text, ('probabilities',))


def _ood_neighbours(material: Material) -> float:
    train = material.training[0]
    return ood_auroc(*(neighbour_scores(rows, train) for rows in (material.features, material.given('outside'))))


def _ood_confidence(material: Material) -> float:
    both = (material.given('probabilities'), material.given('outside_probabilities'))
    return ood_auroc(*(confidence_scores(rows) for rows in both))


MEASURES: dict[str, Measure] = {
    'accuracy/top1': Measure(_accuracy, 'higher', 'accuracy of the classifier', ('probabilities',), percent=True),
    'knn/k20': _neighbours(20),
    'knn/k200': _neighbours(200),
    'linear_probe/top1': _linear(linear_probe_accuracy, 'accuracy of logistic regression on the features'),
    'linear_svm/top1': _linear(linear_svm_accuracy, 'accuracy of a linear SVM on the features'),
    'accuracy/mean_per_class': Measure(
        _mean_per_class, 'higher', 'accuracy of the classifier, mean over the classes', ('probabilities',), percent=True
    ),
    's_dbw/halkidi': Measure(
        lambda m: s_dbw(m.features, m.labels, 'halkidi'), 'lower', 'scatter in and density between classes'
    ),
    's_dbw/halkidi2001': Measure(
        lambda m: s_dbw(m.features, m.labels, 'halkidi2001'), 'lower', 'the same as printed in 2001'
    ),
    's_dbw/tong': Measure(lambda m: s_dbw(m.features, m.labels, 'tong'), 'lower', "the same as COIN's code has it"),
    'isotropy': Measure(lambda m: isotropy(m.features), '', 'evenness over directions, 1 is isotropic'),
    'alignment': Measure(lambda m: alignment(m.features, m.labels), '', 'squared distance within a class'),
    'uniformity': Measure(lambda m: uniformity(m.features), '', 'log mean potential of all pairs'),
    'similarity/positive': Measure(lambda m: m.similarities[0], '', 'mean cosine similarity within a class'),
    'similarity/negative': Measure(lambda m: m.similarities[1], '', 'mean cosine similarity between classes'),
    'scatter_ratio': Measure(
        lambda m: scatter_ratio(m.features, m.labels), 'lower', 'scatter within classes over all scatter'
    ),
    'retrieval/map_at_r': _retrieval('map_at_r', 'mean average precision of the R most similar images'),
    'retrieval/r_precision': _retrieval('r_precision', 'share of the class among the R most similar images'),
    'retrieval/recall_at_1': _retrieval('recall_at_1', 'how often the most similar image is of the class'),
    'retrieval/recall_at_5': _retrieval('recall_at_5', 'how often one of the 5 most similar is'),
    'retrieval/recall_at_10': _retrieval('recall_at_10', 'how often one of the 10 most similar is'),
    'ood/auroc': Measure(
        _ood_neighbours,
        'higher',
        'unknown classes told by similarity to the 50th nearest training image',
        ('train', 'outside'),
    ),
    'ood/auroc_confidence': Measure(
        _ood_confidence,
        'higher',
        'unknown classes told by the largest probability',
        ('probabilities', 'outside_probabilities'),
    ),
    'calibration/ece': _calibration('ece', 'gap of confidence and accuracy'),
    'calibration/nll': _calibration('nll', 'negative log-likelihood, nats'),
    'calibration/brier': _calibration('brier', 'squared distance to the one-hot label'),
}


# All that a name may mean.
KNOWN_MEASURES: dict[str, Measure] = {**MEASURES, **PROTOCOLS}


def checked_measures(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once and in their order, if all are known.

    Raises:
        ConfigError: If one is no measure; it names the nearest ones.

    Example:
        >>> checked_measures(['knn/k2'])
        Traceback (most recent call last):
        cft.errors.ConfigError: no measure is called 'knn/k2'; did you mean knn/k20, knn/k200?
    """
    for name in names:
        if name not in KNOWN_MEASURES:
            near = difflib.get_close_matches(name, KNOWN_MEASURES, n=3)
            near = near or [known for known in KNOWN_MEASURES if name in known.split('/')]
            groups = dict.fromkeys(protocol.split('/')[0] for protocol in PROTOCOLS)
            known = f'there are {", ".join(MEASURES)}, and of published protocols {", ".join(groups)}'
            hint = f'did you mean {", ".join(near)}?' if near else known
            raise ConfigError(f'no measure is called {name!r}; {hint}')
    return tuple(dict.fromkeys(names))


def measure(
    names: Sequence[str],
    features: np.ndarray,
    labels: np.ndarray,
    *,
    train: tuple[np.ndarray, np.ndarray] | None = None,
    probabilities: np.ndarray | None = None,
    outside: np.ndarray | None = None,
    outside_probabilities: np.ndarray | None = None,
    present: np.ndarray | None = None,
    train_present: np.ndarray | None = None,
    episodes: EpisodeProtocol | None = None,
) -> dict[str, float]:
    """Judge features, and probabilities, by the measures of these names.

    Args:
        names: Keys of ``MEASURES`` or of ``PROTOCOLS``.
        features: (N, D) of the images that are judged, as the encoder gives them.
        labels: (N,) integers.
        train: Features (M, D) and labels (M,) of training images.
        probabilities: (N, C) of the classifier, rows in the order of ``features``.
        outside: (L, D) features of images of classes that training had not.
        outside_probabilities: (L, C) of the same.
        present: (N, C) of 1, 0 and -1, as of :class:`Material`.
        train_present: (M, C) likewise.
        episodes: How few-shot tasks are drawn, by the numbers of the rows.

    Returns:
        One number for each name, in their order.

    Raises:
        ConfigError: If a name is unknown, or a measure needs what is not
            given; before anything is computed.
        DataError: If a row is not finite, or there are too few images or classes.

    Example:
        >>> measure(['alignment', 'isotropy'], np.array([[1., 0.], [1., 0.]]), np.array([0, 0]))
        {'alignment': 0.0, 'isotropy': 0.36787944117144233}
    """
    names = checked_measures(names)
    material = Material(
        *checked_features(features, labels),
        train=train,
        probabilities=probabilities,
        outside=outside,
        outside_probabilities=outside_probabilities,
        present=present,
        train_present=train_present,
        episodes=episodes,
    )
    for name in names:
        for need in KNOWN_MEASURES[name].needs:
            if getattr(material, need) is None:
                raise ConfigError(f'{name} needs {need}, and there is none')
    if probabilities is not None and len(probabilities) != len(material.labels):
        raise DataError(f'{len(probabilities)} rows of probabilities beside {len(material.labels)} of features')
    return {name: KNOWN_MEASURES[name].compute(material) for name in names}
