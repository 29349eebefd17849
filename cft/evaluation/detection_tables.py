"""Tables of a detection: average precision of each class, and what is found and missed in each image."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WORST = 20
# From which score on a box counts, where boxes are counted; mmdet draws from there on as well.
SHOWN_FROM = 0.3
IOU_50 = 0


@dataclass(frozen=True)
class Boxes:
    """The boxes of one image.

    Attributes:
        corners: (M, 4), x1, y1, x2, y2 in pixels.
        labels: (M,) class indices.
        scores: (M,) of predictions; None of objects.
        ignored: (M,) whether an object neither counts as found nor as missed; None: none.
    """

    corners: np.ndarray
    labels: np.ndarray
    scores: np.ndarray | None = None
    ignored: np.ndarray | None = None


def detection_tables(
    objects: Sequence[Boxes], predictions: Sequence[Boxes], classes: Sequence[str], paths: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """COCO's evaluation by class and by image.

    Args:
        objects: N times what is there.
        predictions: N times what was found, with scores.
        classes: C names.
        paths: N names of the images.

    Returns:
        The tables ``per_class`` (``ap`` over IoU 0.5 to 0.95, ``ap50``, and precision and recall at IoU 0.5 of boxes
        with a score from 0.3 on, all in per cent; None where not defined; number of objects) and ``worst_images``, and
        for each image the numbers of objects that are ``found`` and ``missed``, of ``false`` boxes, and ``f1``, None
        where there is nothing to find and nothing found.

    Example:
        >>> there = Boxes(np.array([[0., 0., 10., 10.]]), np.array([0]))
        >>> found = Boxes(np.array([[0., 0., 10., 10.]]), np.array([0]), np.array([0.9]))
        >>> tables, images = detection_tables([there], [found], ['cat'], ['a.jpg'])
        >>> [round(value) for value in tables['per_class']['rows'][0][1:]]
        [100, 100, 100, 100, 1]
        >>> images
        [{'f1': 100.0, 'found': 1, 'missed': 0, 'false': 0}]
    """
    evaluated = _evaluated(objects, predictions, len(classes))
    precision = evaluated.eval['precision'][:, :, :, 0, -1]
    counts = _counts(evaluated, len(objects), len(classes))
    rows = []
    for label, name in enumerate(classes):
        found, missed, false = counts[:, label].sum(axis=0).tolist()
        averages = [_average(precision[:, :, label]), _average(precision[IOU_50, :, label])]
        rows.append([name, *averages, _percent(found, found + false), _percent(found, found + missed), found + missed])
    images = [
        {'f1': _percent(2 * found, 2 * found + missed + false), 'found': found, 'missed': missed, 'false': false}
        for found, missed, false in counts.sum(axis=1).tolist()
    ]
    scored = [number for number, image in enumerate(images) if image['f1'] is not None]
    worst = sorted(scored, key=lambda n: (images[n]['f1'], -images[n]['missed'] - images[n]['false']))[:WORST]
    tables = {
        'per_class': {'columns': ['class', 'ap', 'ap50', 'precision', 'recall', 'objects'], 'rows': rows},
        'worst_images': {
            'columns': ['path', 'f1', 'found', 'missed', 'false'],
            'rows': [[paths[number], *images[number].values()] for number in worst],
        },
    }
    return tables, images


def _evaluated(objects: Sequence[Boxes], predictions: Sequence[Boxes], num_classes: int) -> Any:
    from pycocotools.coco import COCO  # type: ignore[import-untyped]  # it has no types
    from pycocotools.cocoeval import COCOeval  # type: ignore[import-untyped]  # it has no types

    annotations: list[dict] = []
    for number, image in enumerate(objects):
        ignored = np.zeros(len(image.labels), bool) if image.ignored is None else image.ignored
        for corners, label, crowd in zip(image.corners.tolist(), image.labels.tolist(), ignored.tolist(), strict=True):
            box = _as_coco(corners)
            # From 1 on: pycocotools takes an id of 0 for none.
            annotations.append(
                {'id': len(annotations) + 1, 'image_id': number, 'category_id': label, 'bbox': box}
                | {'area': box[2] * box[3], 'iscrowd': int(crowd)}
            )
    found = [
        {'image_id': number, 'category_id': label, 'bbox': _as_coco(corners), 'score': score}
        for number, image in enumerate(predictions)
        for corners, label, score in zip(
            image.corners.tolist(), image.labels.tolist(), np.asarray(image.scores).tolist(), strict=True
        )
    ]
    truth = COCO()
    truth.dataset = {
        'images': [{'id': number} for number in range(len(objects))],
        'categories': [{'id': label} for label in range(num_classes)],
        'annotations': annotations,
    }
    # It prints its progress.
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        results = truth.loadRes(found) if found else COCO()
        if not found:
            results.dataset = truth.dataset | {'annotations': []}
            results.createIndex()
        evaluated = COCOeval(truth, results, 'bbox')
        evaluated.params.areaRng, evaluated.params.areaRngLbl = [[0, 1e10]], ['all']
        evaluated.evaluate()
        evaluated.accumulate()
    return evaluated


def _counts(evaluated: Any, images: int, num_classes: int) -> np.ndarray:
    """(N, C, 3) found and missed objects and false boxes at IoU 0.5, of boxes that are shown."""
    counts = np.zeros((images, num_classes, 3), dtype=np.int64)
    for entry in evaluated.evalImgs:
        if entry is None:
            continue
        shown = np.asarray(entry['dtScores']) >= SHOWN_FROM
        counted = shown & ~np.asarray(entry['dtIgnore'][IOU_50], dtype=bool)
        found = int((counted & (np.asarray(entry['dtMatches'][IOU_50]) > 0)).sum())
        there = int((~np.asarray(entry['gtIgnore'], dtype=bool)).sum())
        counts[entry['image_id'], entry['category_id']] = found, there - found, int(counted.sum()) - found
    return counts


def _as_coco(corners: Sequence[float]) -> list[float]:
    x1, y1, x2, y2 = corners
    return [x1, y1, x2 - x1, y2 - y1]


def _average(precision: np.ndarray) -> float | None:
    """Mean in per cent; COCO writes -1 for a class without objects."""
    return 100 * float(precision.mean()) if precision.size and precision.min() > -1 else None


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
