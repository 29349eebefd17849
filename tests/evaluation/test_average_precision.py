"""mAP against loops over thresholds, scikit-learn and mmpretrain."""

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import AveragePrecision
from mmpretrain.structures import DataSample
from sklearn.metrics import average_precision_score

from cft.evaluation.metrics.average_precision import (
    MeanAveragePrecision,
    VOCMeanAveragePrecision,
    average_precisions,
)


def drawn(seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.random((40, 5)).astype(np.float32)
    present = rng.random((40, 5)) < [0.5, 0.3, 0.1, 0.9, 0.5]
    present[0] = True
    return scores.round(1) if ties else scores, present


def by_thresholds(scores: np.ndarray, present: np.ndarray) -> float:
    """Sum over thresholds of the precision times the recall that is gained there."""
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        taken = [index for index in range(len(scores)) if scores[index] >= threshold]
        hits = sum(bool(present[index]) for index in taken)
        recall = hits / sum(map(bool, present))
        total += (recall - recall_before) * hits / len(taken)
        recall_before = recall
    return total


def evaluated(metric: AveragePrecision, scores: np.ndarray, present: np.ndarray) -> dict:
    evaluator = Evaluator(metrics=metric)
    samples = [
        DataSample().set_pred_score(torch.from_numpy(score)).set_gt_label(np.flatnonzero(found)).to_dict()
        for score, found in zip(scores, present, strict=True)
    ]
    evaluator.process(samples)
    return evaluator.evaluate(len(scores))


@pytest.mark.parametrize('ties', [False, True])
@pytest.mark.parametrize('seed', range(5))
def test_values(seed: int, ties: bool) -> None:
    scores, present = drawn(seed, ties)
    expected = [by_thresholds(scores[:, k], present[:, k]) for k in range(5)]
    assert average_precisions(scores, present) == pytest.approx(expected, abs=1e-6)
    found = evaluated(MeanAveragePrecision(), scores, present)
    assert found == {'multi-label/mAP': pytest.approx(100 * average_precision_score(present, scores, average='macro'))}
    if not ties:
        assert found == pytest.approx(evaluated(AveragePrecision(), scores, present), abs=1e-3)


def test_classes_that_no_image_has(capsys: pytest.CaptureFixture) -> None:
    """They say nothing of the model; an image without labels counts against the others."""
    scores, present = drawn(0, ties=False)
    present[:, 3] = False
    present[5] = False
    expected = np.mean([by_thresholds(scores[:, k], present[:, k]) for k in (0, 1, 2, 4)])
    assert evaluated(MeanAveragePrecision(), scores, present) == {'multi-label/mAP': pytest.approx(100 * expected)}
    assert 'mAP leaves out 1 of 5 classes, which no image of the split has: 3' in capsys.readouterr().out
    assert np.isnan(evaluated(MeanAveragePrecision(), scores, np.zeros_like(present))['multi-label/mAP'])


def by_eleven_recalls(scores: np.ndarray, present: np.ndarray) -> float:
    """VOC's definition: at each of 11 recalls the best precision of the thresholds that reach it."""
    best = [0.0] * 11
    for threshold in set(scores.tolist()):
        taken = [bool(present[index]) for index in range(len(scores)) if scores[index] >= threshold]
        for level in range(11):
            # In whole numbers: sum(taken) / sum(present) >= level / 10.
            if 10 * sum(taken) >= level * sum(map(bool, present)):
                best[level] = max(best[level], sum(taken) / len(taken))
    return sum(best) / 11


@pytest.mark.parametrize('ties', [False, True])
@pytest.mark.parametrize('seed', range(5))
def test_eleven_points(seed: int, ties: bool) -> None:
    scores, present = drawn(seed, ties)
    expected = [by_eleven_recalls(scores[:, k], present[:, k]) for k in range(5)]
    assert average_precisions(scores, present, eleven_points=True) == pytest.approx(expected, abs=1e-9)
    found = evaluated(MeanAveragePrecision(eleven_points=True), scores, present)
    assert found == {'multi-label/mAP': pytest.approx(100 * np.mean(expected))}


def test_eleven_points_of_few_images() -> None:
    one = np.array([[0.5]])
    assert average_precisions(one, one > 0, eleven_points=True) == [1.0]
    assert np.isnan(average_precisions(one, one < 0, eleven_points=True))
    last = np.array([[0.9], [0.8], [0.7], [0.6]])
    assert average_precisions(last, np.array([[0], [0], [0], [1]]), eleven_points=True) == pytest.approx(0.25)


@pytest.mark.parametrize(('reading', 'value'), [(None, -1), (True, 1), (False, 0)])
def test_difficult_objects_of_voc(reading: bool | None, value: int) -> None:
    """Image i has a difficult object of class i % 5; where it has others of the class as well, it is one of them."""
    scores, present = drawn(0, ties=False)
    samples = []
    marks = present.astype(int)
    for index, (score, found) in enumerate(zip(scores, present, strict=True)):
        sample = DataSample().set_pred_score(torch.from_numpy(score)).set_gt_label(np.flatnonzero(found))
        sample.set_field([index % 5], 'gt_label_difficult', field_type='metainfo')
        samples.append(sample.to_dict())
        if not found[index % 5]:
            marks[index, index % 5] = value
    evaluator = Evaluator(metrics=VOCMeanAveragePrecision(difficult_as_positive=reading, eleven_points=True))
    evaluator.process(samples)
    kept = [marks[:, k] >= 0 for k in range(5)]
    expected = np.mean([by_eleven_recalls(scores[kept[k], k], marks[kept[k], k]) for k in range(5)])
    assert evaluator.evaluate(len(scores)) == {'multi-label/mAP': pytest.approx(100 * expected)}
