"""ContrastiveClsHead: which losses it returns, their weights, and the smooth classifier."""

import pytest
import torch
import torch.nn.functional as F
from comparison import random_rows
from mmpretrain.structures import DataSample
from torch import Tensor

from cft.models.classification import ContrastiveClsHead

LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 2])
PROJECTOR = {'type': 'cft.MLPProjector', 'in_channels': 5, 'out_channels': 4}


def build(pairs: str | None = None, *, branch: bool = True, **options: object) -> ContrastiveClsHead:
    """A float64 head of 5 features and 3 classes, always with the same parameters."""
    torch.manual_seed(3)
    contrastive = {'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SupConLoss'}, 'projector': PROJECTOR}
    if pairs:
        contrastive['pairs'] = {'type': f'cft.{pairs}'}
    return ContrastiveClsHead(3, 5, contrastive=contrastive if branch else None, **options).double()


def samples(labels: Tensor = LABELS) -> list[DataSample]:
    return [DataSample().set_gt_label(int(label)) for label in labels]


def run(head: ContrastiveClsHead, features: Tensor | None = None, labels: Tensor = LABELS) -> dict[str, Tensor]:
    """Losses with a fixed seed, so that the pairs can be drawn again."""
    features = random_rows(len(labels)) if features is None else features
    torch.manual_seed(5)
    return head.loss((torch.zeros(1), features), samples(labels))


def soft_cross_entropy(head: ContrastiveClsHead, rows: Tensor, targets: Tensor) -> list[Tensor]:
    """``-sum_k y_k log softmax(Wx + b)_k`` of every row, by a loop."""
    losses = []
    for row, target in zip(rows, targets, strict=True):
        logits = head.fc.weight @ row + head.fc.bias
        losses.append(-sum(y * (logit - logits.exp().sum().log()) for y, logit in zip(target, logits, strict=True)))
    return losses


def test_without_a_branch_it_is_cross_entropy() -> None:
    """One key, the usual cross-entropy of the last feature's logits."""
    head, features = build(branch=False), random_rows(7)
    losses = run(head, features)
    assert set(losses) == {'loss_ce'}
    torch.testing.assert_close(losses['loss_ce'], F.cross_entropy(head.fc(features), LABELS).float(), rtol=1e-6, atol=0)


def test_with_a_branch_there_are_two_losses() -> None:
    """Cross-entropy is unchanged; loss_con is what the branch alone returns."""
    head, features = build(), random_rows(7)
    losses = run(head, features)
    assert set(losses) == {'loss_ce', 'loss_con'}
    assert torch.equal(losses['loss_ce'], run(build(branch=False), features)['loss_ce'])
    assert torch.equal(losses['loss_con'], head.contrastive(features, LABELS, 3)[0])


def test_weights_scale_each_loss() -> None:
    """Given at construction or set later, one at a time."""
    plain, weighted, changed = run(build()), build(loss_weights={'loss_ce': 4.0, 'loss_con': 0.5}), build()
    changed.set_loss_weights({'loss_con': 0.5})
    changed.set_loss_weights({'loss_ce': 4.0})
    for head in (weighted, changed):
        losses = run(head)
        assert torch.equal(losses['loss_ce'], 4 * plain['loss_ce'])
        assert torch.equal(losses['loss_con'], 0.5 * plain['loss_con'])


@pytest.mark.parametrize(('name', 'part', 'other'), [('loss_con', 'contrastive', 'fc'), ('loss_ce', 'fc', 'contrastive')])
def test_weight_zero_is_not_computed_but_reaches_every_parameter(name: str, part: str, other: str) -> None:
    """The forward of that part never runs; DDP still finds a gradient, exactly zero, on all of its parameters."""
    head, calls = build('HardPairMixup', loss_weights={name: 0.0}), []
    getattr(head, part).register_forward_hook(lambda *_: calls.append(part))
    losses = run(head)
    sum(losses.values()).backward()
    assert not calls
    assert losses[name] == 0
    assert all(p.grad is not None and not p.grad.any() for p in getattr(head, part).parameters())
    assert all(p.grad.abs().max() > 0 for p in getattr(head, other).parameters())


@pytest.mark.parametrize(('branch', 'weights'), [(True, {'loss_con': 0.0}), (False, {'loss_ce': 0.0})])
def test_weight_zero_without_trainable_parameters(branch: bool, weights: dict[str, float]) -> None:
    """A branch without projector, or a frozen classifier: there is nothing to reach, and the loss is 0."""
    torch.manual_seed(3)
    contrastive = {'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SCHaNeLoss'}} if branch else None
    head = ContrastiveClsHead(3, 5, contrastive=contrastive, loss_weights=weights).double()
    head.fc.requires_grad_(branch)
    losses = run(head)
    assert losses[next(iter(weights))] == 0


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
    assert not mixed.negative_mask.any() and mixed.positive_mask.all()
    values = soft_cross_entropy(head, torch.cat([features, mixed.positives]), F.one_hot(torch.ones(8).long(), 3))
    torch.testing.assert_close(losses['loss_ce'].double(), sum(values) / 8, rtol=1e-6, atol=0)


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


def test_unknown_weight_is_refused() -> None:
    """At construction and later, naming the wrong and the right names; the weights stay."""
    with pytest.raises(ValueError, match=r"unknown loss_weights \['loss_cont'\].*'loss_ce', 'loss_con'"):
        build(loss_weights={'loss_cont': 1.0})
    head = build()
    with pytest.raises(ValueError, match='loss_cls'):
        head.set_loss_weights({'loss_ce': 3.0, 'loss_cls': 1.0})
    assert head.loss_weights == {'loss_ce': 1.0, 'loss_con': 1.0}


def test_a_loss_of_its_own_is_refused() -> None:
    """LinearClsHead's ``loss`` would be built and never used: label smoothing that does nothing."""
    with pytest.raises(ValueError, match='loss'):
        build(loss={'type': 'mmpretrain.LabelSmoothLoss', 'label_smooth_val': 0.5})
