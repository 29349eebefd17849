"""ContrastiveRoIHead: cross-entropy on generated samples, weights of the losses, and errors."""

import pytest
import torch
from torch import Tensor

from cft.errors import ConfigError
from tests.models.detection.detectors import (
    BRANCH,
    CLASSES,
    PAIRED,
    build,
    losses_of,
    model_config,
    plain_twin,
    total,
    watch,
)
from tests.support.smooth_oracle import generated_samples, smooth_mean

WIDTH = 16
CROSS_ENTROPY = {'type': 'CrossEntropyLoss', 'use_sigmoid': False, 'loss_weight': 1.0}


def numbers_of(labels: Tensor) -> list[int]:
    """Regions of each class, background last."""
    return [labels.tolist().count(label) for label in range(CLASSES + 1)]


@pytest.mark.parametrize('weight', [1.0, 0.4])
def test_mean_over_regions_and_generated_samples(weight: float) -> None:
    """All regions, and four samples of three anchors that stand for more than themselves; other losses stay."""
    config = model_config()
    config.roi_head.bbox_head.loss_cls.loss_weight = weight
    model = build(config, contrastive=PAIRED, smooth_classifier=True, loss_weights={'loss_ce': 2.0})
    mixed = generated_samples([True, False, True], [True, True, False], WIDTH, CLASSES + 1, torch.float32)
    represented = torch.tensor([1.0, 3.5, 3.5])

    def three_regions(features: Tensor, *_: object) -> tuple[Tensor, Tensor, Tensor]:
        return features[:3], torch.tensor([0, 1, 1]), represented

    def fixed_branch(features: Tensor, labels: Tensor, num_classes: int) -> tuple[Tensor, tuple]:
        assert (len(features), labels.tolist(), num_classes) == (3, [0, 1, 1], CLASSES + 1)
        return features.sum() * 0, mixed

    model.roi_head.roi_sampler.forward, model.roi_head.contrastive.forward = three_regions, fixed_branch
    seen = watch(model)
    losses, plain = losses_of(model), losses_of(plain_twin(model, config))
    labels, layer = seen['given'][0][1], model.roi_head.bbox_head.fc_cls
    cross_entropy, frequencies = plain['loss_cls'] / weight, numbers_of(labels)
    expected = smooth_mean(cross_entropy, len(labels), mixed, layer.weight, layer.bias, represented, frequencies)
    torch.testing.assert_close(losses['loss_cls'], 2 * weight * expected)
    assert torch.equal(losses['loss_bbox'], plain['loss_bbox'])
    assert torch.equal(losses['acc'], plain['acc'])


@pytest.mark.parametrize('budget', [1000, 2])
@pytest.mark.parametrize('background', [False, True])
def test_originals_are_all_regions(background: bool, budget: int) -> None:
    """Background counts among them whether drawn or not; with all drawn, only class frequencies weigh the samples."""
    config = model_config()
    sampler = {'rois_per_image': budget, 'background': background}
    model = build(config, contrastive=PAIRED, smooth_classifier=True, roi_sampler=sampler)
    seen = watch(model)
    objects = [2, 2, 2, 2], [0, 0, 0]
    loss, plain = (losses_of(network, objects)['loss_cls'] for network in (model, plain_twin(model, config)))
    (_, labels, *_), (rows, _, represented), mixed = (seen[key][0] for key in ('given', 'drawn', 'generated'))
    candidates = sum(background or int(label) < CLASSES for label in labels)
    assert float(represented.sum()) == pytest.approx(candidates)
    assert len(rows) == (candidates if budget == 1000 else 4)
    layer = model.roi_head.bbox_head.fc_cls
    weights = None if budget == 1000 else represented
    frequencies = numbers_of(labels)
    assert frequencies[-1] > max(frequencies[:-1])
    expected = smooth_mean(plain, len(labels), mixed, layer.weight, layer.bias, weights, frequencies)
    torch.testing.assert_close(loss, expected)


def test_generated_samples_train_the_classifier() -> None:
    gradients = []
    for smooth in (False, True):
        model = build(model_config(), contrastive=PAIRED, smooth_classifier=smooth)
        losses_of(model)['loss_cls'].backward()
        gradients.append(model.roi_head.bbox_head.fc_cls.weight.grad)
    assert not torch.allclose(*gradients, rtol=0.1)


def test_pairs_switched_off() -> None:
    """A hook may switch mixing off for a while: then it is the plain cross-entropy."""
    config = model_config()
    model = build(config, contrastive=PAIRED, smooth_classifier=True)
    model.roi_head.contrastive.pairs.enabled = False
    assert torch.equal(losses_of(model)['loss_cls'], losses_of(plain_twin(model, config))['loss_cls'])


@pytest.mark.parametrize('smooth', [False, True])
def test_loss_weights(smooth: bool) -> None:
    """One for the classification, one for the branch; 0 leaves zeros that backward can take."""
    config = model_config()
    # Generated samples stay in the cross-entropy whatever the branch weighs.
    whole = build(config, contrastive=PAIRED, smooth_classifier=smooth)
    expected = losses_of(whole)['loss_cls']
    assert torch.equal(expected, losses_of(plain_twin(whole, config))['loss_cls']) != smooth
    for weights in ({'loss_ce': 0.0}, {'loss_con': 0.0}, {'loss_ce': 0.0, 'loss_con': 0.0}):
        model = build(config, contrastive=PAIRED, smooth_classifier=smooth, loss_weights=weights)
        losses, plain = losses_of(model), losses_of(plain_twin(model, config))
        if 'loss_ce' in weights:
            assert losses['loss_cls'] == 0
        else:
            assert torch.equal(losses['loss_cls'], expected)
        assert (losses['loss_con'] == 0) == ('loss_con' in weights)
        for name in ('loss_bbox', 'loss_rpn_cls', 'loss_rpn_bbox'):
            assert float(total({name: losses[name]})) == float(total({name: plain[name]}))
        total(losses).backward()
        assert all(parameter.grad is not None for parameter in model.parameters())


def test_box_head_without_classifier() -> None:
    config = model_config()
    config.roi_head.bbox_head.with_cls = False
    with pytest.raises(ConfigError, match='Shared2FCBBoxHead has no linear layer fc_cls'):
        build(config)


@pytest.mark.parametrize(
    'loss',
    [
        CROSS_ENTROPY | {'use_sigmoid': True},
        CROSS_ENTROPY | {'class_weight': [1.0, 2.0, 3.0, 1.0, 0.5]},
        CROSS_ENTROPY | {'loss_weight': 0.0},
        {'type': 'FocalLoss', 'use_sigmoid': True},
    ],
)
def test_smooth_classifier_needs_plain_cross_entropy(loss: dict) -> None:
    """Generated samples have soft labels and no class weight; anything else would mix two losses."""
    config = model_config()
    config.roi_head.bbox_head.loss_cls = loss
    with pytest.raises(ConfigError, match=r'unweighted softmax CrossEntropyLoss as bbox_head\.loss_cls'):
        build(config, contrastive=PAIRED, smooth_classifier=True)
    build(config, contrastive=PAIRED)


@pytest.mark.parametrize('branch', [None, BRANCH])
def test_loss_of_several_parts(branch: dict | None) -> None:
    """SeesawLoss has an objectness beside the classes: both are weighed, and background is still background."""
    config = model_config()
    config.roi_head.bbox_head.loss_cls = {'type': 'SeesawLoss', 'num_classes': CLASSES}
    model = build(config, contrastive=branch, loss_weights={'loss_ce': 0.5})
    seen = watch(model)
    expected = losses_of(plain_twin(model, config))
    losses = losses_of(model)
    assert set(losses) - {'loss_con'} == set(expected)
    for name in ('loss_cls_objectness', 'loss_cls_classes'):
        torch.testing.assert_close(losses[name], 0.5 * expected[name])
    assert torch.equal(losses['loss_bbox'], expected['loss_bbox'])
    assert len(seen['drawn']) == (branch is not None)
    assert all((labels < CLASSES).all() for _, labels, _ in seen['drawn'])
