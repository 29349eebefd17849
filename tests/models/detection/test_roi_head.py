"""ContrastiveRoIHead: mmdet's losses and predictions, and a branch on what the box head computes anyway."""

import pytest
import torch
from mmdet.structures.bbox import bbox2roi
from torch import Tensor, nn

from tests.models.detection.detectors import (
    BRANCH,
    CLASSES,
    KINDS,
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


def equal(first: Tensor | list[Tensor], second: Tensor | list[Tensor]) -> bool:
    """Bit for bit; the proposal network has a loss per level."""
    if isinstance(first, list):
        return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    return torch.equal(first, second)


def watch_regions(model: nn.Module) -> dict[str, list]:
    """Record the sampling results of mmdet and the feature maps, too."""
    seen = watch(model) | {'sampling': [], 'maps': []}
    head = model.roi_head
    inner = head.bbox_loss

    def bbox_loss(maps: tuple[Tensor, ...], sampling: list) -> dict:
        seen['maps'].append(maps)
        seen['sampling'].append(sampling)
        return inner(maps, sampling)

    head.bbox_loss = bbox_loss
    return seen


@pytest.mark.parametrize('kind', KINDS)
def test_without_branch_it_is_mmdets(kind: str) -> None:
    """All losses, bit for bit, and the gradients."""
    config = model_config(kind)
    model = build(config)
    twin = plain_twin(model, config)
    losses, expected = losses_of(model), losses_of(twin)
    assert set(losses) == set(expected)
    assert all(equal(losses[name], expected[name]) for name in losses)
    total(losses).backward()
    total(expected).backward()
    for (name, mine), theirs in zip(model.named_parameters(), twin.parameters(), strict=True):
        assert torch.equal(mine.grad, theirs.grad), name


@pytest.mark.parametrize('kind', KINDS)
def test_with_branch_the_other_losses_stay(kind: str) -> None:
    """The branch adds one loss; in Mask R-CNN the masks are as before."""
    config = model_config(kind)
    model = build(config, contrastive=BRANCH)
    losses, expected = losses_of(model), losses_of(plain_twin(model, config))
    assert set(losses) - set(expected) == {'loss_con'}
    assert all(equal(losses[name], expected[name]) for name in expected)
    assert losses['loss_con'] > 0


@pytest.mark.parametrize('kind', ['fpn', 'c4'])
def test_sampler_gets_regions_in_mmdets_order(kind: str) -> None:
    """Labels as mmdet's own targets, images as in the regions, features computed again, logits of the classifier."""
    model = build(model_config(kind), contrastive=BRANCH)
    seen = watch_regions(model)
    losses = losses_of(model)
    (features, labels, images, logits), sampling, maps = (seen[key][0] for key in ('given', 'sampling', 'maps'))
    head = model.roi_head
    rois = bbox2roi([result.priors for result in sampling])
    assert torch.equal(labels, head.bbox_head.get_targets(sampling, head.train_cfg)[0])
    assert torch.equal(images, rois[:, 0].long())
    assert set(labels.tolist()) == {*range(CLASSES), CLASSES}
    pooled = head.bbox_roi_extractor(maps[: head.bbox_roi_extractor.num_inputs], rois)
    if kind == 'c4':
        expected = head.shared_head(pooled).mean(dim=(2, 3))
    else:
        expected = pooled.flatten(1)
        for layer in head.bbox_head.shared_fcs:
            expected = layer(expected).relu()
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(logits, head.bbox_head.fc_cls(features))
    assert not logits.requires_grad
    torch.testing.assert_close(losses['loss_cls'], nn.functional.cross_entropy(logits, labels))


def test_branch_gets_what_the_sampler_draws() -> None:
    """Its loss on the drawn rows, times the weight."""
    model = build(model_config(), contrastive=BRANCH, roi_sampler={'rois_per_image': 5}, loss_weights={'loss_con': 0.3})
    seen = watch(model)
    loss = losses_of(model)['loss_con']
    rows, labels, _ = seen['drawn'][0]
    torch.testing.assert_close(loss, 0.3 * model.roi_head.contrastive(rows, labels, CLASSES + 1)[0])
    assert len(rows) <= 10
    assert labels.max() < CLASSES


@pytest.mark.parametrize('kind', ['fpn', 'c4'])
def test_gradient_of_the_branch(kind: str) -> None:
    """Reaches the backbone, the box head up to its features and the projector, not the layers behind them."""
    model = build(model_config(kind), contrastive=BRANCH)
    losses_of(model)['loss_con'].backward()
    head = model.roi_head
    assert model.backbone.conv1.weight.grad.abs().max() > 0
    assert all(parameter.grad.abs().max() > 0 for parameter in head.contrastive.parameters())
    before = head.shared_head.res5 if kind == 'c4' else head.bbox_head.shared_fcs
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in before.parameters())
    for layer in (head.bbox_head.fc_cls, head.bbox_head.fc_reg, model.rpn_head):
        assert all(parameter.grad is None for parameter in layer.parameters())
    assert head.classifiers == [head.bbox_head.fc_cls]


@pytest.mark.parametrize('kind', KINDS)
def test_prediction_is_mmdets(kind: str) -> None:
    """And leaves no trace of the branch."""
    config = model_config(kind)
    model = build(config, contrastive=PAIRED, smooth_classifier=True)
    losses_of(model)
    model.eval()
    twin = plain_twin(model, config)
    with torch.no_grad():
        found, expected = (detector.predict(*batch()) for detector in (model, twin))
    for mine, theirs in zip(found, expected, strict=True):
        first, second = mine.pred_instances, theirs.pred_instances
        assert len(first) == 10
        assert set(first.keys()) == set(second.keys())
        assert all(torch.equal(first[key], second[key]) for key in first.keys())  # noqa: SIM118 - InstanceData


@pytest.mark.parametrize('kind', ['fpn', 'mask_c4'])
def test_backbone_and_box_head_run_once(kind: str) -> None:
    model, calls = build(model_config(kind), contrastive=PAIRED, smooth_classifier=True), []
    layers = [model.backbone, model.roi_head.bbox_roi_extractor, model.roi_head.bbox_head]
    layers += [model.roi_head.shared_head] if kind == 'mask_c4' else []
    for layer in layers:
        layer.register_forward_hook(lambda layer, *_: calls.append(layer))
    losses_of(model)
    assert sorted(map(id, calls)) == sorted(map(id, layers))
