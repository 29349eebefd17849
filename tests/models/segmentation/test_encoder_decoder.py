"""ContrastiveEncoderDecoder: mmseg's losses and predictions, and a branch on what the decode head computes anyway."""

import pytest
import torch
import torch.nn.functional as F

from tests.models.segmentation.segmentors import (
    BRANCH,
    CLASSES,
    HEADS,
    IGNORED,
    PAIRED,
    batch,
    build,
    losses_of,
    model_config,
    plain_twin,
    watch,
)


@pytest.mark.parametrize('auxiliary', [False, True])
@pytest.mark.parametrize('head', HEADS)
def test_without_branch_it_is_mmsegs(head: str, auxiliary: bool) -> None:
    """All losses and logged numbers, bit for bit, and the gradients."""
    config = model_config(head, auxiliary=auxiliary)
    model = build(config)
    twin = plain_twin(model, config)
    losses, expected = losses_of(model), losses_of(twin)
    assert set(losses) == set(expected)
    assert all(torch.equal(losses[name], expected[name]) for name in losses)
    for side in (losses, expected):
        sum(value for name, value in side.items() if 'loss' in name).backward()
    for (name, mine), theirs in zip(model.named_parameters(), twin.parameters(), strict=True):
        assert torch.equal(mine.grad, theirs.grad), name


@pytest.mark.parametrize('head', HEADS)
def test_with_branch_the_other_losses_stay(head: str) -> None:
    """The branch adds one loss and draws its random numbers after the head's dropout."""
    config = model_config(head)
    model = build(config, contrastive=BRANCH)
    losses, expected = losses_of(model), losses_of(plain_twin(model, config))
    assert set(losses) - set(expected) == {'decode.loss_con'}
    assert all(torch.equal(losses[name], expected[name]) for name in expected)
    assert losses['decode.loss_con'] > 0
    assert model.parse_losses(losses)[0].isfinite()


@pytest.mark.parametrize(
    'head', [name for name in HEADS if name not in ('DepthwiseSeparableASPPHead', 'SegformerHead')]
)
def test_features_are_those_before_dropout(head: str) -> None:
    """They are the output of the head's own feature function, which knows no dropout; the logits give its loss."""
    model = build(model_config(head), contrastive=BRANCH)
    seen = watch(model)
    losses = losses_of(model)
    features, labels, logits, ignored = seen['given'][0]
    images, samples = batch()
    assert torch.equal(features, model.decode_head._forward_feature(model.extract_feat(images)))
    truth = torch.stack([sample.gt_sem_seg.data[0] for sample in samples])
    enlarged = F.interpolate(logits, size=truth.shape[1:], mode='bilinear', align_corners=False)
    cross_entropy = F.cross_entropy(enlarged, truth, ignore_index=IGNORED)
    torch.testing.assert_close(losses['decode.loss_ce'], cross_entropy)
    assert not logits.requires_grad
    assert ignored == IGNORED
    step = truth.shape[1] // labels.shape[1]
    assert torch.equal(labels, truth[:, ::step, ::step])
    dropped = model.decode_head.conv_seg(features)
    assert not torch.allclose(dropped, logits)


@pytest.mark.parametrize('head', HEADS)
def test_logits_without_dropout_classify_the_features(head: str) -> None:
    """Also in a head that was built without a dropout layer."""
    for ratio in (0.5, 0.0):
        model = build(model_config(head, dropout_ratio=ratio), contrastive=BRANCH)
        if ratio:
            model.decode_head.dropout.p = 0.0
        seen = watch(model)
        losses_of(model)
        features, _, logits, _ = seen['given'][0]
        torch.testing.assert_close(model.decode_head.conv_seg(features), logits)


def test_branch_gets_what_the_sampler_draws() -> None:
    """The weighted loss of the branch on the sampled rows, whatever the sampler."""
    for sampler in ({'type': 'cft.ClassRegionMean'}, {'pixels_per_image': 5}):
        model = build(model_config(), contrastive=BRANCH, pixel_sampler=sampler, loss_weights={'loss_con': 0.3})
        seen = watch(model)
        loss = losses_of(model)['decode.loss_con']
        rows, labels, _ = seen['drawn'][0]
        torch.testing.assert_close(loss, 0.3 * model.contrastive(rows, labels, CLASSES)[0])
        assert len(rows) == (10 if 'pixels_per_image' in sampler else 6)


@pytest.mark.parametrize('head', HEADS)
def test_gradient_of_the_branch(head: str) -> None:
    """Reaches the backbone, the decode head up to its features and the projector, not the classifiers."""
    model = build(model_config(head), contrastive=BRANCH)
    losses_of(model)['decode.loss_con'].backward()
    assert model.backbone.conv1.weight.grad.abs().max() > 0
    for name, parameter in model.contrastive.named_parameters():
        assert parameter.grad.abs().max() > 0, name
    for layer in model.classifiers:
        assert all(parameter.grad is None for parameter in layer.parameters())
    others = [name for name, p in model.decode_head.named_parameters() if p.grad is None]
    assert set(others) == {'conv_seg.weight', 'conv_seg.bias'}


def test_classifiers() -> None:
    """What a first contrastive stage leaves alone."""
    model = build(model_config())
    assert model.classifiers == [model.decode_head.conv_seg, model.auxiliary_head]
    assert build(model_config(auxiliary=False)).classifiers[1:] == []


def test_backbone_and_head_run_once() -> None:
    model, calls = build(model_config(), contrastive=PAIRED, smooth_classifier=True), []
    layers = [model.backbone, model.decode_head.convs, model.auxiliary_head.convs]
    for layer in layers:
        layer.register_forward_hook(lambda layer, *_: calls.append(layer))
    losses_of(model)
    assert calls == layers


@pytest.mark.parametrize('head', HEADS)
def test_prediction_is_mmsegs(head: str) -> None:
    """And leaves no trace of the branch."""
    config = model_config(head)
    model = build(config, contrastive=PAIRED, smooth_classifier=True)
    losses_of(model)
    model.eval()
    twin = plain_twin(model, config)
    with torch.no_grad():
        found, expected = (segmentor.predict(*batch()) for segmentor in (model, twin))
    for mine, theirs in zip(found, expected, strict=True):
        assert torch.equal(mine.seg_logits.data, theirs.seg_logits.data)
        assert torch.equal(mine.pred_sem_seg.data, theirs.pred_sem_seg.data)
