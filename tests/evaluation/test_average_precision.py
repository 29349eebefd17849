"""mAP against a loop over thresholds, scikit-learn and mmpretrain."""

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import AveragePrecision
from mmpretrain.structures import DataSample
from sklearn.metrics import average_precision_score

from cft.evaluation.metrics.average_precision import MeanAveragePrecision, average_precisions


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
