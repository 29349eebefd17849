"""ContrastiveEncoderDecoder: cross-entropy on generated samples, and weights of the losses."""

import pytest
import torch
from torch import Tensor

from tests.models.segmentation.segmentors import (
    BRANCH,
    CLASSES,
    CROSS_ENTROPY,
    PAIRED,
    build,
    losses_of,
    model_config,
    watch,
)
from tests.support.smooth_oracle import generated_samples, smooth_mean

# Pixels of each class in the feature maps of a batch: 4 x 4 a picture in blocks of 2 x 2, one of them unlabelled.
FREQUENCIES = [8, 12, 8]


@pytest.mark.parametrize('weight', [1.0, 0.4])
@pytest.mark.parametrize('others', [[], [{'type': 'DiceLoss', 'loss_name': 'loss_dice', 'loss_weight': 3.0}]])
def test_mean_over_pixels_and_generated_samples(weight: float, others: list[dict]) -> None:
    """All labelled pixels, and six samples of four anchors that stand for 19 of them; the loss's own weight is kept."""
    config = model_config(loss_decode=[CROSS_ENTROPY | {'loss_weight': weight}, *others])
    model = build(config, contrastive=PAIRED, smooth_classifier=True, loss_weights={'loss_ce': 2.0})
    mixed = generated_samples([True, True, False, True], [True, False, True, True], 6, CLASSES, torch.float32)
    represented = torch.tensor([2.5, 2.5, 13.0, 1.0])

    def four_pixels(features: Tensor, *_: object) -> tuple[Tensor, Tensor, Tensor]:
        return features[0, :, 0, :4].T, torch.tensor([0, 0, 1, 2]), represented

    def fixed_branch(features: Tensor, labels: Tensor, num_classes: int) -> tuple[Tensor, tuple]:
        assert (features.shape, labels.tolist(), num_classes) == ((4, 6), [0, 0, 1, 2], CLASSES)
        return features.sum() * 0, mixed

    model.pixel_sampler.forward, model.contrastive.forward = four_pixels, fixed_branch
    plain, losses, conv = losses_of(build(config)), losses_of(model), model.decode_head.conv_seg
    cross_entropy = plain['decode.loss_ce'] / weight
    expected = smooth_mean(cross_entropy, 28, mixed, conv.weight, conv.bias, represented, FREQUENCIES)
    torch.testing.assert_close(losses['decode.loss_ce'], 2 * weight * expected)
    for name in set(plain) - {'decode.loss_ce'}:
        torch.testing.assert_close(losses[name], (2 if 'loss' in name else 1) * plain[name])


@pytest.mark.parametrize(
    ('sampler', 'anchors'), [({'pixels_per_image': 1000}, 28), ({'pixels_per_image': 5}, 10), ('ClassRegionMean', 6)]
)
def test_originals_are_all_labelled_pixels(sampler: dict | str, anchors: int) -> None:
    """Of the feature map, 4 x 4 a picture with a quarter of one unlabelled, however many are drawn.

    With every pixel drawn, each sample counts once but for the class frequencies.
    """
    config = model_config()
    settings = {'type': f'cft.{sampler}'} if isinstance(sampler, str) else sampler
    model = build(config, contrastive=PAIRED, smooth_classifier=True, pixel_sampler=settings)
    seen = watch(model)
    loss, plain = losses_of(model)['decode.loss_ce'], losses_of(build(config))['decode.loss_ce']
    (rows, _, represented), mixed, conv = seen['drawn'][0], seen['generated'][0], model.decode_head.conv_seg
    assert len(rows) == anchors
    assert represented.sum() == 28
    assert mixed.positive_mask.all()
    weights = None if anchors == 28 else represented
    expected = smooth_mean(plain, 28, mixed, conv.weight, conv.bias, weights, FREQUENCIES)
    torch.testing.assert_close(loss, expected)


def test_generated_samples_train_the_classifier() -> None:
    """The gradient of the cross-entropy with regard to the classifier differs from that of the pixels alone."""
    config, gradients = model_config(), []
    for smooth in (False, True):
        model = build(config, contrastive=PAIRED, smooth_classifier=smooth)
        losses_of(model)['decode.loss_ce'].backward()
        gradients.append(model.decode_head.conv_seg.weight.grad)
    assert not torch.allclose(*gradients, rtol=0.1)


def test_pairs_switched_off() -> None:
    """A hook may switch mixing off for a while: then it is the plain cross-entropy."""
    model = build(model_config(), contrastive=PAIRED, smooth_classifier=True)
    model.contrastive.pairs.enabled = False
    assert torch.equal(losses_of(model)['decode.loss_ce'], losses_of(build(model_config()))['decode.loss_ce'])


@pytest.mark.parametrize('smooth', [False, True])
def test_loss_weights(smooth: bool) -> None:
    """One for all cross-entropies of both heads, one for the branch; 0 leaves zeros that backward can take."""
    plain = losses_of(build(model_config()))
    # Generated samples stay in the cross-entropy whatever the branch weighs.
    expected = losses_of(build(model_config(), contrastive=PAIRED, smooth_classifier=smooth))
    assert torch.equal(expected['decode.loss_ce'], plain['decode.loss_ce']) != smooth
    for weights in ({'loss_ce': 0.0}, {'loss_con': 0.0}, {'loss_ce': 0.0, 'loss_con': 0.0}):
        model = build(model_config(), contrastive=PAIRED, smooth_classifier=smooth, loss_weights=weights)
        losses = losses_of(model)
        if 'loss_ce' in weights:
            assert losses['decode.loss_ce'] == losses['aux.loss_ce'] == 0
        else:
            assert torch.equal(losses['decode.loss_ce'], expected['decode.loss_ce'])
            assert torch.equal(losses['aux.loss_ce'], plain['aux.loss_ce'])
        assert (losses['decode.loss_con'] == 0) == ('loss_con' in weights)
        assert torch.equal(losses['decode.acc_seg'], plain['decode.acc_seg'])
        model.parse_losses(losses)[0].backward()
        assert all(parameter.grad is not None for parameter in model.parameters())


def test_stage_weights_can_be_set_later() -> None:
    model = build(model_config(), contrastive=BRANCH)
    before = losses_of(model)
    model.set_loss_weights({'loss_con': 0.5})
    torch.testing.assert_close(losses_of(model)['decode.loss_con'], 0.5 * before['decode.loss_con'])
