"""ContrastiveClsHead: which losses it returns, and their weights."""

import pytest
import torch
import torch.nn.functional as F

from cft.errors import ConfigError
from cft.models.classification import ContrastiveClsHead
from tests.models.classification.contrastive_heads import LABELS, build, run, samples
from tests.support.comparison import random_rows


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


@pytest.mark.parametrize(
    ('name', 'part', 'other'), [('loss_con', 'contrastive', 'fc'), ('loss_ce', 'fc', 'contrastive')]
)
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


def test_views_are_the_rows_of_one_sample() -> None:
    """FineTuneClassifier repeats the samples for each view; the loss is that of the images' numbers."""
    branch = {'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SupConLoss'}, 'positives': 'view'}
    head, features, once = ContrastiveClsHead(3, 5, contrastive=branch).double(), random_rows(14), samples()
    losses = head.loss((features,), once * 2)
    assert torch.equal(losses['loss_con'], head.contrastive.loss(features, torch.arange(7).repeat(2)))
    torch.testing.assert_close(
        losses['loss_ce'], F.cross_entropy(head.fc(features), LABELS.repeat(2)).float(), rtol=1e-6, atol=0
    )


def test_one_view_is_refused_where_the_branch_needs_two() -> None:
    """Without any positive the term would be 0 for the whole run."""
    branch = {'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SupConLoss'}, 'positives': 'view'}
    head = ContrastiveClsHead(3, 5, contrastive=branch).double()
    with pytest.raises(ConfigError, match="positives='view' needs several views of each image; train on two_view"):
        head.loss((random_rows(7),), samples())


@pytest.mark.parametrize('branch', [True, False])
def test_normalized_features(branch: bool) -> None:
    """Classifier and branch see unit vectors, in training and at inference; raw by default."""
    raw, head = build(branch=branch), build(branch=branch, normalize_features=True)
    features, lengths = random_rows(7), torch.logspace(-2, 2, 7, dtype=torch.float64)[:, None]
    unit = features / features.norm(dim=1, keepdim=True)
    losses = run(head, lengths * features)
    for name, expected in run(raw, unit).items():
        torch.testing.assert_close(losses[name], expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(head((lengths * features,)), head.fc(unit), rtol=1e-10, atol=1e-12)
    assert (raw((lengths * features,)) - raw((unit,))).abs().max() > 1e-2
    assert not raw.normalize_features
