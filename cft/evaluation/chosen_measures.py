"""The measures that somebody asks for: by words, of what there is, without losing the others where one is undefined."""

import math
from collections.abc import Iterable, Mapping, Sequence

from cft.errors import DataError

from .embedding_measures import KNOWN_MEASURES, MEASURES, checked_measures
from .measure_material import Material

ALL = 'all'
# What the images of any number of labels, or of none, allow.
WITHOUT_LABELS = ('isotropy', 'uniformity')
LABELS = 'labels'
PRESENT = 'present'


def chosen_measures(words: str | Iterable[str]) -> list[str]:
    """Keys of :data:`cft.evaluation.MEASURES` and :data:`cft.evaluation.PROTOCOLS` for what somebody names.

    Args:
        words: Keys, such as ``'knn/k20'``; groups of them, such as ``'knn'``; ``'all'``, which leaves out the
            published protocols, which take longer; one, or several, also divided by commas.

    Returns:
        The keys in the order of the table.

    Raises:
        ConfigError: If there is no such measure.

    Example:
        >>> chosen_measures('similarity,isotropy')
        ['isotropy', 'similarity/positive', 'similarity/negative']
    """
    listed = [words] if isinstance(words, str) else list(words)
    named = [word.strip() for entry in listed for word in entry.split(',') if word.strip()]
    groups = {
        word: list(MEASURES) if word == ALL else [key for key in KNOWN_MEASURES if word in (key, key.split('/')[0])]
        for word in named
    }
    found = {key for word, keys in groups.items() for key in keys or checked_measures([word])}
    return [key for key in KNOWN_MEASURES if key in found]


def possible_measures(keys: Sequence[str], missing: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Which measures can be computed without what is not there.

    Args:
        keys: From :func:`chosen_measures`.
        missing: Why something that measures need is not there, by their name of it (``train``, ``probabilities``,
            ``outside``, ``outside_probabilities``, ``labels``, ``present``).

    Returns:
        Those keys, and a sentence for each reason with what it leaves out.

    Example:
        >>> possible_measures(['knn/k20', 'isotropy'], {'train': 'there are no training images'})
        (['isotropy'], ['knn/k20 is left out: there are no training images'])
    """
    possible: list[str] = []
    left_out: dict[str, list[str]] = {}
    for key in keys:
        needs = KNOWN_MEASURES[key].needs
        if key not in WITHOUT_LABELS and PRESENT not in needs:
            needs = (*needs, LABELS)
        reasons = [missing[need] for need in needs if need in missing]
        if reasons:
            left_out.setdefault(reasons[0], []).append(key)
        else:
            possible.append(key)
    return possible, [f'{_listed(names)} left out: {reason}' for reason, names in left_out.items()]


def computed_measures(keys: Iterable[str], material: Material) -> tuple[dict[str, float], list[str]]:
    """Compute measures for which everything is there.

    Args:
        keys: From :func:`possible_measures`.
        material: What is measured.

    Returns:
        The finite ones, and a sentence for each that is not defined on these images.

    Example:
        >>> import numpy as np
        >>> computed_measures(['alignment', 'uniformity'], Material(np.eye(2), np.array([0, 1])))
        ({'uniformity': -4.0}, ['alignment is left out: alignment needs two images of a class; every class has one'])
    """
    metrics: dict[str, float] = {}
    notes = []
    for key in keys:
        try:
            value = float(KNOWN_MEASURES[key].compute(material))
        except DataError as error:
            notes.append(f'{key} is left out: {error}')
            continue
        if math.isfinite(value):
            metrics[key] = value
        else:
            notes.append(f'{key} is left out: it is not defined for these features and labels')
    return metrics, notes


def _listed(names: Sequence[str]) -> str:
    return f'{", ".join(names)} {"is" if len(names) == 1 else "are"}'
