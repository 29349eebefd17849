"""The measures of an embedding by their names: what each needs, and how it is computed."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cft.errors import ConfigError, DataError

from .nearest_neighbours import knn_accuracy
from .scatter import scatter_ratio

ALL = 'all'
NEIGHBOURS = 20


@dataclass(frozen=True)
class Embedding:
    """A data set as a model sees it.

    Attributes:
        features: (N, D).
        labels: (N,) class indices; None where images have none, or several.
        scores: (N, C) probabilities; None without a classifier.
    """

    features: np.ndarray
    labels: np.ndarray | None = None
    scores: np.ndarray | None = None


@dataclass(frozen=True)
class Material:
    """What is measured.

    Attributes:
        test: The images that are judged.
        reference: Training images, of which nearest neighbours and linear classifiers learn.
        outside: Images of none of the classes.
    """

    test: Embedding
    reference: Embedding | None = None
    outside: Embedding | None = None

    def parts(self) -> set[str]:
        """Names of what is there, as :data:`MEASURES` asks for it.

        Example:
            >>> sorted(Material(Embedding(np.eye(2), np.arange(2))).parts())
            ['labels']
        """
        return {name for name in ('reference', 'outside') if getattr(self, name) is not None} | {
            name for name in ('labels', 'scores') if getattr(self.test, name) is not None
        }


@dataclass(frozen=True)
class Measure:
    """A measure, or several that are computed together.

    Attributes:
        metrics: Their names.
        needs: What must be there besides features: ``labels``, ``scores``, ``reference``, ``outside``.
        compute: From the material to the metrics.
    """

    metrics: tuple[str, ...]
    needs: frozenset[str]
    compute: Callable[[Material], Mapping[str, float]]


def _neighbours(material: Material) -> dict[str, float]:
    train, test = material.reference, material.test
    assert train is not None
    k = min(NEIGHBOURS, len(train.features))
    return {f'knn/k{k}': knn_accuracy(train.features, train.labels, test.features, test.labels, k=k)}


def _of_features(name: str, function: Callable[[np.ndarray, np.ndarray], float]) -> Measure:
    return Measure((name,), frozenset({'labels'}), lambda m: {name: function(m.test.features, m.test.labels)})


# By the word that asks for them, in the order in which they are told.
MEASURES: dict[str, Measure] = {
    'knn': Measure((f'knn/k{NEIGHBOURS}',), frozenset({'labels', 'reference'}), _neighbours),
    'scatter_ratio': _of_features('scatter_ratio', scatter_ratio),
}


def chosen_measures(names: str | Iterable[str]) -> list[str]:
    """Keys of :data:`MEASURES` for what somebody names.

    Args:
        names: Keys, or names of metrics such as ``'knn/k20'``; ``'all'`` for all of them; one, or several, also
            divided by commas.

    Returns:
        The keys in the order of the table.

    Raises:
        ConfigError: If there is no such measure.

    Example:
        >>> chosen_measures('scatter_ratio,knn/k20')
        ['knn', 'scatter_ratio']
    """
    listed = [names] if isinstance(names, str) else list(names)
    words = [word.strip() for name in listed for word in name.split(',') if word.strip()]
    by_metric = {metric: key for key, measure in MEASURES.items() for metric in measure.metrics}
    unknown = [word for word in words if word != ALL and word not in MEASURES and word not in by_metric]
    if unknown:
        raise ConfigError(
            f'measures={unknown[0]}: there is no such measure; take {ALL} or some of {", ".join(MEASURES)}'
        )
    if ALL in words:
        return list(MEASURES)
    found = {by_metric.get(word, word) for word in words}
    return [key for key in MEASURES if key in found]


def possible_measures(
    chosen: Sequence[str], parts: Collection[str], why: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Which measures can be computed of what there is.

    Args:
        chosen: From :func:`chosen_measures`.
        parts: What is, or can be had: as :meth:`Material.parts` names it.
        why: The reason for each part that is not there.

    Returns:
        Their keys, and a sentence for each part whose measures are left out.

    Example:
        >>> possible_measures(['knn'], {'labels'}, {'reference': 'no training images'})
        ([], ['no training images: knn is left out'])
    """
    possible = [key for key in chosen if MEASURES[key].needs <= set(parts)]
    left_out: dict[str, list[str]] = {}
    for key in chosen:
        if key not in possible:
            missing = next(part for part in sorted(why) if part in MEASURES[key].needs - set(parts))
            left_out.setdefault(why[missing], []).append(key)
    notes = [f'{reason}: {_listed(keys)} left out' for reason, keys in left_out.items()]
    return possible, notes


def measure(keys: Iterable[str], material: Material) -> tuple[dict[str, float], list[str]]:
    """Compute measures.

    Args:
        keys: Of :data:`MEASURES`, for which everything is there.
        material: What is measured.

    Returns:
        The metrics, finite numbers, and a sentence for each that is not defined on these images.

    Example:
        >>> x, y = np.array([[1., 0.], [1., 0.], [0., 1.], [0., 1.]]), np.array([0, 0, 1, 1])
        >>> measure(['scatter_ratio'], Material(Embedding(x, y)))
        ({'scatter_ratio': 0.0}, [])
    """
    metrics: dict[str, float] = {}
    notes = []
    for key in keys:
        try:
            found = MEASURES[key].compute(material)
        except DataError as error:
            notes.append(f'{key} is left out: {error}')
            continue
        metrics |= {name: float(value) for name, value in found.items() if math.isfinite(value)}
        undefined = [name for name, value in found.items() if not math.isfinite(value)]
        if undefined:
            notes.append(f'{_listed(undefined)} left out: not defined for these features and labels')
    return metrics, notes


def _listed(names: Sequence[str]) -> str:
    return f'{", ".join(names)} {"is" if len(names) == 1 else "are"}'
