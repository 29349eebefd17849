"""ContrastiveRoIHead: batches with little or no foreground, and background as a class."""

import pytest
import torch
from mmengine.structures import InstanceData
from torch import nn

from tests.models.detection.detectors import (
    BRANCH,
    CLASSES,
    PAIRED,
    batch,
    build,
    losses_of,
    model_config,
    plain_twin,
    total,
    watch,
)

pytestmark = pytest.mark.filterwarnings('ignore:indexing with dtype torch.uint8')
EMPTY = {'one image without objects': ([0, 1], []), 'no objects at all': ([], [])}


def assert_trains(model: nn.Module, losses: dict) -> None:
    """Everything finite, and every parameter reached, as DDP wants it."""
    total(losses).backward()
    assert total(losses).isfinite()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize('smooth', [False, True])
@pytest.mark.parametrize('kind', ['fpn', 'mask_c4'])
@pytest.mark.parametrize('case', EMPTY)
def test_images_without_objects(case: str, kind: str, smooth: bool) -> None:
    config = model_config(kind)
    model = build(config, contrastive=PAIRED, smooth_classifier=smooth)
    losses = losses_of(model, EMPTY[case])
    assert_trains(model, losses)
    if case == 'no objects at all':
        assert losses['loss_con'] == 0
        assert all((parameter.grad == 0).all() for parameter in model.roi_head.contrastive.parameters())
        expected = losses_of(plain_twin(model, config), EMPTY[case])
        torch.testing.assert_close(losses['loss_cls'], expected['loss_cls'])
    else:
        assert losses['loss_con'] > 0


@pytest.mark.parametrize('smooth', [False, True])
def test_objects_but_no_foreground(smooth: bool) -> None:
    """No proposal overlaps an object enough, and the objects themselves are no proposals."""
    config = model_config()
    config.train_cfg.rcnn.assigner.update(pos_iou_thr=0.99, neg_iou_thr=0.99, min_pos_iou=0.99)
    config.train_cfg.rcnn.sampler.update(add_gt_as_proposals=False)
    model = build(config, contrastive=PAIRED, smooth_classifier=smooth)
    seen = watch(model)
    losses = losses_of(model)
    assert [len(part) for part in seen['drawn'][0]] == [0, 0, 0]
    assert losses['loss_con'] == 0
    assert_trains(model, losses)


@pytest.mark.parametrize('smooth', [False, True])
def test_no_proposals_at_all(smooth: bool) -> None:
    """Neither objects nor proposals: as mmdet's own head, which then has no loss_cls, and nothing to compare."""
    config = model_config()
    model = build(config, contrastive=PAIRED, smooth_classifier=smooth)
    results = []
    for detector in (model, plain_twin(model, config)):
        images, samples = batch(([], []))
        proposals = [InstanceData(bboxes=torch.zeros(0, 4), scores=torch.zeros(0)) for _ in samples]
        results.append(detector.roi_head.loss(detector.extract_feat(images), proposals, samples))
    losses, expected = results
    assert losses.pop('loss_con') == 0
    assert set(losses) == set(expected)
    assert 'loss_cls' not in expected


@pytest.mark.parametrize('labels', [([0, 1, 2], [3, 1]), ([], [])], ids=['objects', 'none'])
def test_background_as_a_class(labels: tuple[list[int], ...]) -> None:
    """Then a batch without objects has a class, too."""
    model = build(model_config(), contrastive=PAIRED, smooth_classifier=True, roi_sampler={'background': True})
    seen = watch(model)
    losses = losses_of(model, labels)
    _, drawn, _ = seen['drawn'][0]
    assert CLASSES in drawn.tolist()
    assert (drawn < CLASSES).any() == bool(labels[0])
    assert losses['loss_con'] > 0
    assert_trains(model, losses)


def test_one_class() -> None:
    """No negatives: there are positives all the same."""
    model = build(model_config(), contrastive=PAIRED, smooth_classifier=True)
    losses = losses_of(model, ([2, 2], [2]))
    assert losses['loss_con'] > 0
    assert_trains(model, losses)


def test_one_image() -> None:
    model = build(model_config(), contrastive=BRANCH)
    losses = losses_of(model, ([0, 0, 1],))
    assert losses['loss_con'] > 0
    assert_trains(model, losses)
