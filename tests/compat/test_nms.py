"""mmcv's NMS against plain loops, whether its operators are compiled or cft's."""

from importlib import import_module

import numpy as np
import pytest
import torch
from torch import Tensor

import cft  # noqa: F401 - serves the operators where mmcv has none

ops = import_module('mmcv.ops')


def overlap(a: list[float], b: list[float], offset: int) -> float:
    """Intersection over union of two boxes."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]) + offset)
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]) + offset)
    areas = sum((box[2] - box[0] + offset) * (box[3] - box[1] + offset) for box in (a, b))
    return width * height / (areas - width * height)


def greedy(boxes: Tensor, scores: Tensor, threshold: float, offset: int = 0) -> list[int]:
    """Take the best, drop what overlaps it by more than the threshold, and so on."""
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: -float(scores[i])):
        if all(overlap(boxes[index].tolist(), boxes[k].tolist(), offset) <= threshold for k in kept):
            kept.append(index)
    return kept


def random_boxes(seed: int, number: int = 40) -> tuple[Tensor, Tensor]:
    """Small boxes in a crowd, at whole pixels so that the offset matters, and different scores."""
    generator = torch.Generator().manual_seed(seed)
    corner = torch.randint(0, 20, (number, 2), generator=generator)
    boxes = torch.cat([corner, corner + torch.randint(1, 9, (number, 2), generator=generator)], dim=1)
    return boxes.float(), torch.randperm(number, generator=generator) / number


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('threshold', [0.0, 0.31, 0.5, 0.71, 1.0])
def test_nms(threshold: float, offset: int) -> None:
    """Indices and their order; the boxes returned are the given ones."""
    for seed in range(5):
        boxes, scores = random_boxes(seed)
        detections, kept = ops.nms(boxes, scores, threshold, offset=offset)
        assert kept.tolist() == greedy(boxes, scores, threshold, offset)
        assert torch.equal(detections, torch.cat([boxes, scores[:, None]], dim=1)[kept])


def test_the_offset_decides() -> None:
    """2 of 6 columns without, 3 of 7 with the last pixel; both side by side drop the second box or not."""
    boxes, scores = torch.tensor([[0.0, 0, 4, 9], [2, 0, 6, 9]]), torch.tensor([0.9, 0.8])
    assert ops.nms(boxes, scores, 0.4, offset=0)[1].tolist() == [0, 1]
    assert ops.nms(boxes, scores, 0.4, offset=1)[1].tolist() == [0]


def test_overlap_at_the_threshold_is_kept() -> None:
    """Only more than the threshold drops a box: half of the box is exactly 0.5."""
    boxes, scores = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 1]]), torch.tensor([0.9, 0.8])
    assert ops.nms(boxes, scores, 0.5)[1].tolist() == [0, 1]
    assert ops.nms(boxes, scores, 0.499)[1].tolist() == [0]


def test_nms_with_equal_scores() -> None:
    """Any order among them is right; equal boxes leave one, distant ones all."""
    boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 4], [10, 10, 14, 14]])
    kept = ops.nms(boxes, torch.full((3,), 0.5), 0.5)[1].tolist()
    assert len(kept) == 2
    assert 2 in kept


@pytest.mark.parametrize('number', [0, 1])
def test_nms_of_none_and_of_one(number: int) -> None:
    detections, kept = ops.nms(torch.ones(number, 4), torch.ones(number), 0.5)
    assert detections.shape == (number, 5)
    assert kept.tolist() == list(range(number))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_nms_keeps_type_and_input(dtype: torch.dtype) -> None:
    boxes, scores = (tensor.to(dtype) for tensor in random_boxes(0))
    before = boxes.clone()
    detections, kept = ops.nms(boxes, scores, 0.5, offset=1)
    assert detections.dtype == dtype
    assert kept.dtype == torch.int64
    assert torch.equal(boxes, before)


def test_nms_of_arrays() -> None:
    """mmcv also takes and returns numpy arrays."""
    boxes, scores = random_boxes(1)
    detections, kept = ops.nms(boxes.numpy(), scores.numpy(), 0.5)
    assert isinstance(detections, np.ndarray)
    assert kept.tolist() == greedy(boxes, scores, 0.5)


@pytest.mark.parametrize('split_thr', [10_000, 10])
def test_batched_nms(split_thr: int) -> None:
    """Each class on its own, scores over the threshold, best first, at most that many; split or not."""
    boxes, scores = random_boxes(2, number=60)
    classes = torch.arange(60) % 3
    settings = {'type': 'nms', 'iou_threshold': 0.31, 'split_thr': split_thr, 'score_threshold': 0.2}
    kept = [
        int(member)
        for label in range(3)
        for candidates in [torch.nonzero((classes == label) & (scores > 0.2))[:, 0]]
        for member in candidates[greedy(boxes[candidates], scores[candidates], 0.31)]
    ]
    kept.sort(key=lambda index: -float(scores[index]))
    assert len(kept) > 12
    for max_num in (-1, 12):
        detections, found = ops.batched_nms(boxes, scores, classes, settings | {'max_num': max_num})
        assert found.tolist() == (kept if max_num < 0 else kept[:max_num])
        assert torch.equal(detections, torch.cat([boxes, scores[:, None]], dim=1)[found])
    agnostic = ops.batched_nms(boxes, scores, classes, {'type': 'nms', 'iou_threshold': 0.31}, class_agnostic=True)[1]
    assert agnostic.tolist() == greedy(boxes, scores, 0.31)
