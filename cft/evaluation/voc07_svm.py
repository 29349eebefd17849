"""Linear SVMs on frozen features of images with several labels, all of them or a few of each class: VOC07's protocol.

Goyal et al. (ICCV 2019) and their code (vissl, ``SVMTrainer``), PCL's code (``eval_svm_voc.py``), after which HEXA
(tables 1 and 2) and SCE (table 10) measure: features at unit length, one LIBLINEAR for each class against the rest,
squared hinge, positives with twice the weight.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from cft.errors import DataError

from .average_precisions import eleven_point_precision, interpolated_precision, of_each_class
from .feature_rows import unit_rows

# vissl, voc07/eval_resnet_8gpu_transfer_voc07_svm.yaml.
COSTS = (0.01, 0.1, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 50.0, 100.0, 1000.0)
FOLDS = 3
# PCL's, for images that are too few to be divided.
COST_OF_FEW = 0.5


def svm_maps(
    train: np.ndarray, train_present: np.ndarray, test: np.ndarray, test_present: np.ndarray
) -> tuple[float, float]:
    """Mean average precision of one linear SVM for each class.

    A class that no test image shows does not count.

    Args:
        train: (M, D) features.
        train_present: (M, C) of 1, 0, and -1: the image is left out for the class, as VOC's difficult objects are.
        test: (N, D).
        test_present: (N, C) likewise.

    Returns:
        In per cent, by eleven points and as the interpolated area.

    Raises:
        DataError: If no class is in the test images, or one that is has no training image, or is in all of them.

    Example:
        >>> x, y = np.eye(3), np.eye(3, dtype=int)
        >>> svm_maps(x, y, x, y)
        (100.0, 100.0)
    """
    train, test = unit_rows(train), unit_rows(test)
    judged = (test_present == 1).any(axis=0)
    if not judged.any():
        raise DataError('no test image has a label, so no average precision is defined')
    scores = np.zeros(test_present.shape)

    def score(label: int) -> None:
        counts = train_present[:, label] >= 0
        rows, found = train[counts], train_present[counts, label]
        if len(np.unique(found)) < 2:
            raise DataError(f'class {label} needs training images that show it and others that do not')
        scores[:, label] = svm(chosen_cost(rows, found)).fit(rows, found).decision_function(test)

    # LIBLINEAR lets other threads run.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(score, np.flatnonzero(judged)))
    by_form = (of_each_class(form, scores, test_present) for form in (eleven_point_precision, interpolated_precision))
    eleven_points, area = (100 * float(np.nanmean(precisions)) for precisions in by_form)
    return eleven_points, area


def chosen_cost(rows: np.ndarray, found: np.ndarray) -> float:
    """The first of ``COSTS`` with the highest mean average precision of three folds of the training images.

    The folds are divided in the order of the images, by class. Where a fold
    would have none of the class, or only such images, PCL's 0.5.

    Args:
        rows: (M, D) at unit length.
        found: (M,) of 0 and 1.
    """
    from sklearn.model_selection import cross_val_score

    if min(np.bincount(found, minlength=2)) < FOLDS:
        return COST_OF_FEW
    means = [
        cross_val_score(svm(cost), rows, found, cv=FOLDS, scoring='average_precision', error_score='raise').mean()
        for cost in COSTS
    ]
    return COSTS[int(np.argmax(means))]


def svm(cost: float) -> Any:
    """LIBLINEAR, in the primal: the same optimum as the published dual, without its random order."""
    from sklearn.svm import LinearSVC

    return LinearSVC(C=cost, class_weight={0: 1, 1: 2}, dual=False, tol=1e-4, max_iter=10000)


def low_shot_rows(present: np.ndarray, images: int, draw: int) -> np.ndarray:
    """Which training images a low-shot classifier sees: ``images`` of each class, with all their labels.

    Each class draws by itself, as in PCL's code, and an image that two draw is
    taken once. The images of a smaller number are among those of a larger one.

    Args:
        present: (M, C) of 1, 0 and -1.
        images: Of each class.
        draw: Which one.

    Returns:
        Ascending row numbers.

    Raises:
        DataError: If a class has fewer images.

    Example:
        >>> len(low_shot_rows(np.eye(6, dtype=int)[:, :2].repeat(3, axis=0), 2, draw=0))
        4
    """
    chosen = []
    for label, column in enumerate(present.T):
        rows = np.flatnonzero(column == 1)
        if not len(rows):
            continue
        if len(rows) < images:
            raise DataError(f'class {label} has {len(rows)} training images, not the {images} that are drawn')
        chosen.append(np.random.default_rng([draw, label]).permutation(rows)[:images])
    return np.unique(np.concatenate(chosen))
