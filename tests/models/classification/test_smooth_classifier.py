"""ContrastiveClsHead on soft labels: those of generated rows, and those of batch augmentation."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor

from cft.errors import ConfigError
from cft.models.classification import ContrastiveClsHead
from tests.models.classification.contrastive_heads import LABELS, build, run
from tests.support.comparison import random_rows


def soft_cross_entropy(head: ContrastiveClsHead, rows: Tensor, targets: Tensor) -> list[Tensor]:
    """``-sum_k y_k log softmax(Wx + b)_k`` of every row, by a loop."""
    losses = []
    for row, target in zip(rows, targets, strict=True):
        logits = head.fc.weight @ row + head.fc.bias
        losses.append(-sum(y * (logit - logits.exp().sum().log()) for y, logit in zip(target, logits, strict=True)))
    return losses


@pytest.mark.parametrize('pairs', ['HardPairMixup', 'ManifoldMixup'])
def test_smooth_classifier_is_a_mean_over_originals_and_generated_rows(pairs: str) -> None:
    """Core-tuning's L_ce^m by hand, on pairs drawn again with the same seed."""
    head, features = build(pairs, smooth_classifier=True), random_rows(7)
    losses = run(head, features)
    torch.manual_seed(5)
    mixed = head.contrastive.pairs(features, LABELS, 3)
    values = soft_cross_entropy(head, features, F.one_hot(LABELS, 3))
    values += soft_cross_entropy(head, mixed.positives, mixed.positive_targets)
    if pairs == 'HardPairMixup':
        values += soft_cross_entropy(head, mixed.negatives, mixed.negative_targets)
    assert len(values) == (21 if pairs == 'HardPairMixup' else 14)
    torch.testing.assert_close(losses['loss_ce'].double(), sum(values) / len(values), rtol=1e-6, atol=0)
    assert abs(losses['loss_ce'] - run(build(pairs), features)['loss_ce']) > 1e-3


def test_smooth_classifier_leaves_out_rows_that_do_not_exist() -> None:
    """In a one-class batch there is no negative: neither its loss nor its row counts."""
    head, features, labels = build('HardPairMixup', smooth_classifier=True), random_rows(4), torch.ones(4).long()
    losses = run(head, features, labels)
    torch.manual_seed(5)
    mixed = head.contrastive.pairs(features, labels, 3)
    assert not mixed.negative_mask.any()
    assert mixed.positive_mask.all()
    values = soft_cross_entropy(head, torch.cat([features, mixed.positives]), F.one_hot(torch.ones(8).long(), 3))
    torch.testing.assert_close(losses['loss_ce'].double(), sum(values) / 8, rtol=1e-6, atol=0)


@pytest.mark.parametrize('pairs', ['HardPairMixup', 'ManifoldMixup'])
def test_smooth_classifier_without_contrast(pairs: str) -> None:
    """Core-tuning's tables 7 and 15: the same mean over originals and generated rows, and no contrastive loss."""
    features = random_rows(7)
    head, whole = (build(pairs, smooth_classifier=True, loss_weights={'loss_con': weight}) for weight in (0.0, 1.0))
    losses, expected = run(head, features), run(whole, features)
    assert torch.equal(losses['loss_ce'], expected['loss_ce'])
    assert losses['loss_con'] == 0 and expected['loss_con'] > 0
    assert abs(losses['loss_ce'] - run(build(), features)['loss_ce']) > 1e-3
    losses['loss_con'].backward()
    assert all((p.grad == 0).all() for p in head.contrastive.parameters())


def test_soft_labels_do_not_go_with_generated_samples() -> None:
    head = build('HardPairMixup', smooth_classifier=True, loss_weights={'loss_con': 0.0})
    with pytest.raises(ConfigError, match='batch_augments'):
        head.loss((random_rows(1),), [DataSample().set_gt_score(torch.tensor([0.5, 0.5, 0.0]))])


def test_smooth_classifier_with_pairs_switched_off() -> None:
    """A hook may switch mixing off for a while: then it is the plain cross-entropy."""
    head = build('HardPairMixup', smooth_classifier=True)
    head.contrastive.pairs.enabled = False
    assert torch.equal(run(head)['loss_ce'], run(build())['loss_ce'])


@pytest.mark.parametrize('branch', [False, True])
def test_soft_labels_use_cross_entropy_alone(branch: bool) -> None:
    """``gt_score`` of batch augmentation; a branch must be weighted 0, and stays within DDP's reach."""
    head, features = build(branch=branch, loss_weights={'loss_con': 0.0, 'loss_ce': 2.0}), random_rows(7)
    scores = torch.rand(7, 3).double().softmax(dim=1)
    losses = head.loss((features,), [DataSample().set_gt_score(score) for score in scores])
    expected = 2 * sum(soft_cross_entropy(head, features, scores)) / 7
    torch.testing.assert_close(losses['loss_ce'].double(), expected, rtol=1e-6, atol=0)
    sum(losses.values()).backward()
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_soft_labels_do_not_go_with_a_branch() -> None:
    """Mixed labels have no positives; the message says what to remove."""
    with pytest.raises(ValueError, match='batch_augments'):
        build().loss((random_rows(1),), [DataSample().set_gt_score(torch.tensor([0.5, 0.5, 0.0]))])


@pytest.mark.parametrize('options', [{'branch': False}, {'branch': True}])
def test_smooth_classifier_needs_pairs(options: dict) -> None:
    with pytest.raises(ValueError, match='pairs'):
        build(smooth_classifier=True, **options)
