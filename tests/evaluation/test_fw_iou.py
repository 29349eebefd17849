"""FWIoUMetric against counts pixel by pixel."""

import numpy as np
import pytest
import torch
from mmseg.registry import METRICS
from torch import Tensor

IGNORED = 255


def evaluate(predictions: list[Tensor], labels: list[Tensor], classes: int, **options: object) -> dict[str, float]:
    """What an evaluation loop reports, an image at a time."""
    metric = METRICS.build({'type': 'cft.FWIoUMetric', 'iou_metrics': ['mIoU'], **options})
    metric.dataset_meta = {'classes': [str(number) for number in range(classes)]}
    for prediction, label in zip(predictions, labels, strict=True):
        metric.process({}, [{'pred_sem_seg': {'data': prediction[None]}, 'gt_sem_seg': {'data': label[None]}}])
    return metric.evaluate(len(labels))


def count(predictions: list[Tensor], labels: list[Tensor], classes: int) -> dict[str, float]:
    """The four measures of Core-tuning's table 12, in per cent."""
    pairs = [
        (int(p), int(t))
        for prediction, label in zip(predictions, labels, strict=True)
        for p, t in zip(prediction.flatten(), label.flatten(), strict=True)
        if t != IGNORED
    ]
    ious, accuracies, weighted = [], [], 0.0
    for c in range(classes):
        both = sum(p == t == c for p, t in pairs)
        either = sum(p == c or t == c for p, t in pairs)
        labelled = sum(t == c for _, t in pairs)
        if either:
            ious.append(both / either)
            weighted += labelled / len(pairs) * both / either
        if labelled:
            accuracies.append(both / labelled)
    return {
        'aAcc': 100 * sum(p == t for p, t in pairs) / len(pairs),
        'mIoU': 100 * sum(ious) / len(ious),
        'mAcc': 100 * sum(accuracies) / len(accuracies),
        'FWIoU': 100 * weighted,
    }


def images(seed: int, used: int, *, ignored: float = 0.2) -> tuple[list[Tensor], list[Tensor]]:
    """Predictions and labels of three images of different size, of which ``used`` classes occur."""
    generator = torch.Generator().manual_seed(seed)
    predictions, labels = [], []
    for size in ((5, 7), (4, 4), (9, 3)):
        frequency = torch.tensor([6.0, 3, 2, 1, 0.5])[:used]
        label = torch.multinomial(frequency, size[0] * size[1], replacement=True, generator=generator).view(size)
        wrong = torch.randint(0, used, size, generator=generator)
        predictions.append(torch.where(torch.rand(size, generator=generator) < 0.6, label, wrong))
        label[torch.rand(size, generator=generator) < ignored] = IGNORED
        labels.append(label)
    return predictions, labels


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('used', [5, 3, 1])
def test_all_measures(used: int, seed: int) -> None:
    """Of five classes, of which the data may lack some; over all pixels of all images together."""
    predictions, labels = images(seed, used)
    assert evaluate(predictions, labels, 5) == pytest.approx(count(predictions, labels, 5), abs=0.00501)


def test_a_class_that_is_only_predicted() -> None:
    """It lowers the mean IoU, and has no frequency."""
    labels, predictions = [torch.tensor([[0, 0, 1, 1]])], [torch.tensor([[0, 2, 1, 1]])]
    found = evaluate(predictions, labels, 4)
    assert found == {'aAcc': 75.0, 'mIoU': 50.0, 'mAcc': 75.0, 'FWIoU': 75.0}


def test_worked_example() -> None:
    """Three pixels of class 0 and one of class 1, one wrong: 3/4 * 2/3 + 1/4 * 1/2."""
    found = evaluate([torch.tensor([[0, 0, 1, 1]])], [torch.tensor([[0, 0, 0, 1]])], 2)
    assert found['FWIoU'] == 62.5
    assert found['mAcc'] == 83.33


@pytest.mark.parametrize(('shift', 'expected'), [(0, 100.0), (1, 0.0)], ids=['perfect', 'all wrong'])
def test_extremes(shift: int, expected: float) -> None:
    _, labels = images(0, 3, ignored=0.0)
    found = evaluate([(label + shift) % 3 for label in labels], labels, 3)
    assert found == dict.fromkeys(('aAcc', 'mIoU', 'mAcc', 'FWIoU'), expected)


def test_what_is_predicted_where_nothing_is_labelled_does_not_matter() -> None:
    predictions, labels = images(1, 4)
    pairs = zip(predictions, labels, strict=True)
    other = [torch.where(label == IGNORED, 3 - prediction, prediction) for prediction, label in pairs]
    assert any(not torch.equal(*pair) for pair in zip(predictions, other, strict=True))
    assert evaluate(other, labels, 4) == evaluate(predictions, labels, 4)


def test_another_ignore_index() -> None:
    predictions, labels = images(2, 3)
    shifted = [torch.where(label == IGNORED, 9, label) for label in labels]
    assert evaluate(predictions, shifted, 3, ignore_index=9) == evaluate(predictions, labels, 3)


@pytest.mark.filterwarnings('ignore:invalid value', 'ignore:Mean of empty slice')
def test_nothing_labelled() -> None:
    """No division by zero of its own; mmseg's measures are then not numbers."""
    labels = [torch.full((2, 2), IGNORED)]
    found = evaluate([torch.zeros(2, 2).long()], labels, 2)
    assert found['FWIoU'] == 0.0
    assert np.isnan(found['aAcc'])


def test_predictions_without_labels(tmp_path) -> None:
    """``format_only`` writes files and measures nothing."""
    metric = METRICS.build({'type': 'cft.FWIoUMetric', 'format_only': True, 'output_dir': str(tmp_path)})
    metric.dataset_meta = {'classes': ['a', 'b']}
    metric.process({}, [{'pred_sem_seg': {'data': torch.ones(1, 2, 2).long()}, 'img_path': 'picture.jpg'}])
    assert metric.compute_metrics(metric.results) == {}
    assert (tmp_path / 'picture.png').is_file()
