"""Pictures of what a classifier gets wrong."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from .blocks import Gallery
from .pictures import Picture

MOST = 16


def mistake_galleries(
    scores: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    picture: Callable[[int], Image.Image],
    names: Sequence[str],
) -> list[Gallery]:
    """The most confident mistakes, and the worst one of each class beside them.

    Args:
        scores: (N, C) probabilities.
        labels: (N,) class indices.
        classes: C names.
        picture: Gives the image of row i.
        names: N names of the images.

    Returns:
        Galleries; none where nothing is wrong.

    Example:
        >>> mistake_galleries(np.eye(2), np.array([0, 1]), ['cat', 'dog'], lambda i: Image.new('RGB', (8, 8)), 'ab')
        []
    """
    predicted, confidence = scores.argmax(axis=1), scores.max(axis=1)
    own = scores[np.arange(len(labels)), labels]
    wrong = np.flatnonzero(predicted != labels)
    confident = wrong[np.argsort(-confidence[wrong], kind='stable')][:MOST]
    rest = np.setdiff1d(wrong, confident)
    worst = [int(rest[labels[rest] == label][own[rest[labels[rest] == label]].argmin()]) for label in set(labels[rest])]
    worst = sorted(worst, key=lambda at: own[at])[:MOST]

    def shown(at: int) -> Picture:
        found = f'{classes[predicted[at]]} ({100 * confidence[at]:.0f} %)'
        return Picture(picture(at), f'true {classes[labels[at]]}, predicted {found}: {names[at]}', wrong=True)

    galleries = []
    if len(confident):
        told = f'The most confident of {len(wrong)} mistakes among {len(labels)} images: look for wrong labels first.'
        galleries.append(Gallery([shown(at) for at in confident], told))
    if worst:
        told = 'Of each class the mistake that gives the true class least, beyond those above.'
        galleries.append(Gallery([shown(at) for at in worst], told))
    return galleries
