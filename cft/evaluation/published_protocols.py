"""Evaluations that papers report of frozen features; each is computed where it is named, none with ``all``."""

from collections.abc import Callable
from statistics import fmean, stdev

import numpy as np

from .episode_heads import HEADS
from .few_shot import few_shot_name
from .many_shot import many_shot_accuracy, many_shot_map
from .measure_material import Material, Measure
from .voc07_svm import low_shot_rows, svm_maps

DRAWS = 5
# Labelled images of each class in the few-shot tasks that papers report.
SHOTS = (1, 5)
IMAGES_PER_CLASS = (1, 2, 4, 8, 16, 32, 64)
SEVERAL = ('train', 'train_present', 'present')


def _svms(material: Material, images: int | None) -> np.ndarray:
    """(draws, 2) mAP by both forms, of some images of each class or of all in one draw."""
    key = f'voc07_svm/{images}'
    if key not in material.shared:
        train, present, test, test_present = material.with_several_labels
        draws = [slice(None)] if images is None else [low_shot_rows(present, images, draw) for draw in range(DRAWS)]
        material.shared[key] = np.array([svm_maps(train[rows], present[rows], test, test_present) for rows in draws])
    return material.shared[key]


def _svm(images: int | None, form: int, statistic: Callable[[list[float]], float]) -> Callable[[Material], float]:
    return lambda material: statistic(_svms(material, images)[:, form].tolist())


def _svm_measures(group: str, text: str, form: int) -> dict[str, Measure]:
    measures = {f'{group}/full': Measure(_svm(None, form, fmean), 'higher', f'{text} of linear SVMs', SEVERAL, True)}
    for images in IMAGES_PER_CLASS:
        few = f'{text} of linear SVMs on {images} images of each class, {DRAWS} draws'
        mean, deviation = (_svm(images, form, statistic) for statistic in (fmean, stdev))
        measures[f'{group}/k{images}'] = Measure(mean, 'higher', few, SEVERAL, True)
        measures[f'{group}/k{images}_std'] = Measure(deviation, '', f'{few}, standard deviation', SEVERAL, True)
    return measures


def _few_shot(shots: int, head: str) -> Measure:
    text = f'few-shot accuracy, {shots} labelled image{"s" * (shots > 1)} of each class, {head.replace("_", " ")}'
    return Measure(lambda m: m.solved(shots, head).mean, 'higher', text, ('episodes',), percent=True)


PROTOCOLS: dict[str, Measure] = {
    'many_shot/top1': Measure(
        lambda m: many_shot_accuracy(*m.training, m.features, m.labels),
        'higher', 'accuracy of logistic regression, weight decay chosen from 45', ('train',), percent=True,
    ),
    'many_shot/mean_per_class': Measure(
        lambda m: many_shot_accuracy(*m.training, m.features, m.labels, per_class=True),
        'higher', 'the same, mean over the classes', ('train',), percent=True,
    ),
    'many_shot/map': Measure(
        lambda m: many_shot_map(*m.with_several_labels),
        'higher', 'eleven-point mAP of logistic regressions, weight decay chosen from 45', SEVERAL, percent=True,
    ),
    **{few_shot_name(shots, head): _few_shot(shots, head) for shots in SHOTS for head in HEADS},
    **_svm_measures('voc07_svm', 'eleven-point mAP', form=0),
    **_svm_measures('voc07_svm_area', 'mAP as of 2010', form=1),
}  # fmt: skip
